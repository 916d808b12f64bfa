"""The peers of bench/run.ts: the same problems, run by other libraries.

    python3 bench/peers.py                                            what is there, as JSON
    python3 bench/peers.py BENCHMARK PEER '{"n": 4000, "d": 100}'     prepares the problem, then answers lines

Every line of standard input is one request. "run" does the work once and answers {"seconds": …} and, where a fit was judged,
{"score": R² on rows that it has not seen, "predictionsPerSecond": …}; at the end of the input {"peakBytes": …} is the largest size of the process.
Data are drawn from the distributions of the TypeScript side, not number for number.
"""

import importlib
import json
import os
import resource
import sys
import time

import numpy as np

MODULES = {
    "numpy": "numpy",
    "torch": "torch",
    "scikit-learn": "sklearn",
    "xgboost": "xgboost",
    "xrfm": "xrfm",
    "falkon": "falkon",
}
BANDWIDTH = 10.0
RIDGE = 1e-3
PROBLEMS = {}


def problem(benchmark, peer):
    def register(prepare):
        PROBLEMS[benchmark, peer] = prepare
        return prepare

    return register


def normals(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape, dtype=dtype)


def regression(rows, d, seed=0):
    """y = x₀x₁ + sin 3x₂ + 0.1 ε, x ~ N(0, I)."""
    x = normals(rows, d, seed=seed)
    noise = normals(rows, seed=seed + 1)
    return x, x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + np.float32(0.1) * noise


def long_table(rows, d, seed=0):
    """y = x₀x₁ + sin 3x₂ + ½|x₃| + 0.1 ε, x ~ N(0, I)."""
    x, y = regression(rows, d, seed)
    return x, y + np.float32(0.5) * np.abs(x[:, 3])


def r2(y, predicted):
    return float(1 - np.mean((np.ravel(predicted) - y) ** 2) / np.var(y))


def torch_without_gradients():
    import torch

    torch.set_grad_enabled(False)
    return torch


# --- matrices ---------------------------------------------------------------------------------------------------------


@problem("gemm", "numpy")
def _(n):
    a, b = normals(n, n), normals(n, n, seed=1)
    c = np.empty((n, n), np.float32)
    return lambda: np.matmul(a, b, out=c)


@problem("gemm", "torch")
def _(n):
    torch = torch_without_gradients()
    a, b, c = torch.randn(n, n), torch.randn(n, n), torch.empty(n, n)
    return lambda: torch.mm(a, b, out=c)


def squared_distances(x, z):
    r2 = x @ z.T
    r2 *= -2
    r2 += (x * x).sum(1)[:, None]
    r2 += (z * z).sum(1)
    return np.maximum(r2, 0, out=r2)


def laplace(x, z):
    r = np.sqrt(squared_distances(x, z))
    r *= -1 / BANDWIDTH
    return np.exp(r, out=r)


def gaussian(x, z):
    r2 = squared_distances(x, z)
    r2 *= -1 / (2 * BANDWIDTH**2)
    return np.exp(r2, out=r2)


@problem("gram-laplace", "numpy")
def _(n, d):
    x = normals(n, d)
    return lambda: laplace(x, x)


@problem("gram-gaussian", "numpy")
def _(n, d):
    x = normals(n, d)
    return lambda: gaussian(x, x)


@problem("gram-laplace", "torch")
def _(n, d):
    torch = torch_without_gradients()
    x = torch.randn(n, d)
    return lambda: torch.cdist(x, x).mul_(-1 / BANDWIDTH).exp_()


@problem("gram-gaussian", "torch")
def _(n, d):
    torch = torch_without_gradients()
    x = torch.randn(n, d)
    return lambda: torch.cdist(x, x).square_().mul_(-1 / (2 * BANDWIDTH**2)).exp_()


@problem("gram-gaussian", "scikit-learn")
def _(n, d):
    from sklearn.metrics.pairwise import rbf_kernel

    x = normals(n, d)
    return lambda: rbf_kernel(x, gamma=1 / (2 * BANDWIDTH**2))


def positive_definite(n):
    k = laplace(*[normals(n, 100)] * 2)
    k[np.diag_indices(n)] += 0.1
    return k


@problem("cholesky", "numpy")
def _(n):
    from scipy.linalg import lapack

    k = positive_definite(n)
    work = np.empty_like(k)

    def run():
        work[:] = k
        start = time.perf_counter()
        lapack.spotrf(work.T, lower=0, overwrite_a=1, clean=0)
        return {"seconds": time.perf_counter() - start}

    return run


@problem("cholesky", "torch")
def _(n):
    torch = torch_without_gradients()
    k = torch.from_numpy(positive_definite(n))
    return lambda: torch.linalg.cholesky(k)


# --- kernel machines --------------------------------------------------------------------------------------------------


@problem("kernel-ridge", "numpy")
def _(n, d):
    from scipy.linalg import cho_factor, cho_solve

    x, y = regression(n, d)

    def run():
        k = gaussian(x, x)
        k[np.diag_indices(n)] += 1
        cho_solve(cho_factor(k, lower=True, overwrite_a=True, check_finite=False), y, check_finite=False)

    return run


@problem("kernel-ridge", "torch")
def _(n, d):
    torch = torch_without_gradients()
    x, y = map(torch.from_numpy, regression(n, d))

    def run():
        k = torch.cdist(x, x).square_().mul_(-1 / (2 * BANDWIDTH**2)).exp_()
        k.diagonal().add_(1)
        torch.cholesky_solve(y[:, None], torch.linalg.cholesky(k))

    return run


@problem("kernel-ridge", "scikit-learn")
def _(n, d):
    from sklearn.kernel_ridge import KernelRidge

    x, y = regression(n, d)
    machine = KernelRidge(alpha=1, kernel="rbf", gamma=1 / (2 * BANDWIDTH**2))
    return lambda: machine.fit(x, y)


@problem("rfm", "xrfm")
def _(n, d):
    import torch
    from xrfm import RFM

    x, y = map(torch.from_numpy, regression(n + n // 4, d))
    y = y[:, None]

    def run():
        machine = RFM(kernel="laplace", bandwidth=BANDWIDTH, iters=5, device="cpu", diag=False, verbose=False)
        start = time.perf_counter()
        machine.fit((x[:n], y[:n]), (x[n:], y[n:]), reg=RIDGE, iters=5, early_stop_rfm=False, verbose=False)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "score": r2(y[n:].numpy().ravel(), machine.predict(x[n:]).detach().numpy())}

    return run


@problem("predict", "numpy")
def _(rows, centers, d):
    x, z, a = normals(rows, d), normals(centers, d, seed=1), normals(centers, seed=2)
    return lambda: np.concatenate([laplace(x[i : i + 4096], z) @ a for i in range(0, rows, 4096)])


@problem("predict", "torch")
def _(rows, centers, d):
    torch = torch_without_gradients()
    x, z, a = torch.randn(rows, d), torch.randn(centers, d), torch.randn(centers)
    return lambda: torch.cat(
        [torch.cdist(part, z).mul_(-1 / BANDWIDTH).exp_() @ a for part in torch.split(x, 4096)]
    )


@problem("predict", "xgboost")
def _(rows, centers, d):
    from xgboost import XGBRegressor

    machine = XGBRegressor(tree_method="hist").fit(*regression(centers, d))
    x = normals(rows, d, seed=3)
    return lambda: machine.predict(x)


# --- infinite and finite networks -------------------------------------------------------------------------------------


@problem("ntk", "numpy")
def _(n, d, layers):
    """The recursion of arc-cosine kernels for relu with weights of variance 2: K and Θ of layer after layer."""
    x = normals(n, d, dtype=np.float64)

    def run():
        k = x @ x.T
        k *= 2 / d
        variances = np.sqrt(np.diag(k))
        theta = k.copy()
        for _ in range(layers):
            k /= np.outer(variances, variances)
            c = np.clip(k, -1, 1, out=k)
            angle = np.arccos(c)
            slope = (np.pi - angle) / np.pi
            k = np.sqrt(1 - c * c)
            k /= np.pi
            k += c * slope
            k *= np.outer(variances, variances)
            theta *= slope
            theta += k
        return None

    return run


@problem("training-step", "torch")
def _(n, d, width):
    import torch

    torch.set_default_dtype(torch.float64)
    x, y = torch.randn(n, d), torch.randn(n, 1)
    hidden = torch.randn(width, d, requires_grad=True)
    out = torch.randn(1, width, requires_grad=True)

    def run():
        steps = 5
        start = time.perf_counter()
        for _ in range(steps):
            f = torch.relu(x @ hidden.T * (2 / d) ** 0.5) @ out.T / width**0.5
            loss = ((f - y) ** 2).sum() / 2
            gradients = torch.autograd.grad(loss, (hidden, out))
            with torch.no_grad():
                for weights, gradient in zip((hidden, out), gradients):
                    weights.sub_(gradient, alpha=1e-6)
        return {"seconds": (time.perf_counter() - start) / steps}

    return run


@problem("factorization-step", "torch")
def _(n):
    torch = torch_without_gradients()
    torch.set_default_dtype(torch.float64)
    target = torch.randn(n, n)
    factors = [0.1 * torch.randn(n, n) for _ in range(3)]

    def run():
        a, b, c = factors
        ba = b @ a
        residual = c @ ba - target
        back = c.T @ residual
        gradients = (b.T @ back, back @ a.T, residual @ ba.T)
        for weights, gradient in zip(factors, gradients):
            weights.sub_(gradient, alpha=1e-6)

    return run


# --- long tables ------------------------------------------------------------------------------------------------------


def judged_fit(n, d, fit):
    chunks = range(10_000, min(n, 100_000), 10_000)  # kernel features of many rows need much memory
    x, y = long_table(n, d)
    test_x, test_y = long_table(min(n, 100_000), d, seed=7)

    def run():
        start = time.perf_counter()
        predict = fit(x, y)
        seconds = time.perf_counter() - start
        start = time.perf_counter()
        predicted = np.concatenate([np.ravel(predict(part)) for part in np.split(test_x, chunks)])
        rate = len(test_x) / (time.perf_counter() - start)
        return {"seconds": seconds, "score": r2(test_y, predicted), "predictionsPerSecond": rate}

    return run


@problem("long-table", "xgboost")
def _(n, d, capacity):
    from xgboost import XGBRegressor

    return judged_fit(n, d, lambda x, y: XGBRegressor(tree_method="hist").fit(x, y).predict)


@problem("long-table", "scikit-learn")
def _(n, d, capacity):
    from sklearn.ensemble import HistGradientBoostingRegressor

    return judged_fit(n, d, lambda x, y: HistGradientBoostingRegressor(random_state=0).fit(x, y).predict)


@problem("long-table", "xrfm")
def _(n, d, capacity):
    import torch
    from xrfm import xRFM

    def fit(x, y):
        x, y = torch.from_numpy(x), torch.from_numpy(y)[:, None]
        held = min(len(x) // 5, 10_000)
        machine = xRFM(device="cpu", max_leaf_size=capacity, verbose=False)
        machine.fit(x[held:], y[held:], x[:held], y[:held])
        return lambda rows: machine.predict(torch.from_numpy(rows))

    return judged_fit(n, d, fit)


@problem("nystrom", "scikit-learn")
def _(n, d, centers):
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    features = Nystroem(gamma=1 / (2 * BANDWIDTH**2), n_components=centers, random_state=0)
    return judged_fit(n, d, lambda x, y: make_pipeline(features, Ridge(1e-3)).fit(x, y).predict)


@problem("nystrom", "falkon")
def _(n, d, centers):
    import torch
    import falkon

    def fit(x, y):
        options = falkon.FalkonOptions(use_cpu=True)
        kernel = falkon.kernels.GaussianKernel(BANDWIDTH)
        machine = falkon.Falkon(kernel, penalty=RIDGE / n, M=centers, seed=0, options=options)
        machine.fit(torch.from_numpy(x), torch.from_numpy(y)[:, None])
        return lambda rows: machine.predict(torch.from_numpy(rows)).numpy()

    return judged_fit(n, d, fit)


# --- requests ---------------------------------------------------------------------------------------------------------


def memory(field):
    """VmHWM (the peak) or VmRSS (now) of this process, in bytes; elsewhere than on Linux the peak serves for both."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith(field))
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def available():
    found = {}
    for peer, module in MODULES.items():
        try:
            found[peer] = getattr(importlib.import_module(module), "__version__", "")
        except Exception as error:
            found[peer] = None
            print(f"{peer}: {error}", file=sys.stderr)
    return found


def say(**answer):
    print(json.dumps(answer), flush=True)


def serve(benchmark, peer, size):
    # What does not fit ends in a MemoryError here, and not for the whole machine.
    limit = int(0.6 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    importlib.import_module(MODULES[peer])
    base = memory("VmRSS")
    run = PROBLEMS[benchmark, peer](**size)
    say(ready=True, baseBytes=base)
    for line in sys.stdin:
        if line.strip() != "run":
            raise SystemExit(f"peers.py: no request {line!r}; expected run")
        start = time.perf_counter()
        answer = run()
        seconds = time.perf_counter() - start
        say(**(answer if isinstance(answer, dict) else {"seconds": seconds}))
    say(peakBytes=memory("VmHWM"))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        say(**available())
    else:
        serve(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
