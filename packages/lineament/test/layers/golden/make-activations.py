"""Writes activations.json, golden Taylor coefficients for activation-functions.test.ts, from mpmath: python3 make-activations.py"""

import json
from pathlib import Path

import mpmath
from mpmath import mp, mpf

mp.dps = 120
DEGREE = 7
FAR = [-30.0, -6.5, -0.75, 0.001, 0.5, 3.25, 40.0]
NEAR = [-6.5, -2.25, -0.75, 0.001, 0.5, 3.25, 7.0]

sigmoid = lambda x: 1 / (1 + mpmath.exp(-x))
softplus = lambda x: mpmath.log(1 + mpmath.exp(x))
cdf = lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def elu(alpha, scale=1):
    return lambda x: scale * (x if x > 0 else alpha * mpmath.expm1(x))


def slopes(negative, positive):
    return lambda x: (positive if x > 0 else negative) * x


def hermite(k):
    def value(x):
        before, current = mpf(0), mpf(1)
        for n in range(k):
            before, current = current, x * current - n * before
        return current / mpmath.sqrt(mpmath.factorial(k))

    return value


rectified = lambda k: lambda x: x**k if x > 0 else mpf(0)
ROWS = [
    ({"name": "identity"}, lambda x: x, FAR),
    ({"name": "relu"}, slopes(0, 1), FAR),
    ({"name": "leaky-relu", "slope": 0.25}, slopes(mpf("0.25"), 1), FAR),
    ({"name": "absolute"}, slopes(-1, 1), FAR),
    ({"name": "piecewise-linear", "negative": -0.5, "positive": 2}, slopes(mpf("-0.5"), 2), FAR),
    ({"name": "erf"}, mpmath.erf, NEAR),
    ({"name": "erf", "amplitude": 2, "frequency": 0.5, "offset": 0.25}, lambda x: 2 * mpmath.erf(x / 2) + mpf("0.25"), NEAR),
    ({"name": "normal-cdf"}, cdf, NEAR),
    ({"name": "sigmoid-like", "scale": 2}, lambda x: mpmath.erfc(-x / 2) / 2, NEAR),
    ({"name": "gelu"}, lambda x: x * cdf(x), NEAR),
    ({"name": "sin", "amplitude": 2, "frequency": 1.5, "phase": 0.25}, lambda x: 2 * mpmath.sin(mpf("1.5") * x + mpf("0.25")), NEAR),
    ({"name": "cos", "amplitude": 2, "frequency": 1.5, "phase": 0.25}, lambda x: 2 * mpmath.cos(mpf("1.5") * x + mpf("0.25")), NEAR),
    ({"name": "rbf", "gamma": 0.5}, lambda x: mpmath.sqrt(2) * mpmath.sin(x + mpmath.pi / 4), NEAR),
    ({"name": "exp", "amplitude": 2, "rate": 0.5}, lambda x: 2 * mpmath.exp(x / 2), FAR),
    ({"name": "gaussian", "amplitude": 2, "rate": -0.5}, lambda x: 2 * mpmath.exp(-x * x / 2), NEAR),
    ({"name": "gabor", "amplitude": 2, "rate": -0.5, "frequency": 2, "phase": 0.25}, lambda x: 2 * mpmath.exp(-x * x / 2) * mpmath.sin(2 * x + mpf("0.25")), NEAR),
    ({"name": "polynomial", "coefficients": [0.25, -1, 0.5, 2]}, lambda x: mpf("0.25") - x + x**2 / 2 + 2 * x**3, NEAR),
    ({"name": "monomial", "degree": 5}, lambda x: x**5, NEAR),
    ({"name": "hermite", "degree": 6}, hermite(6), NEAR),
    ({"name": "hermite", "degree": 40}, hermite(40), NEAR),
    ({"name": "rectified-monomial", "degree": 0}, rectified(0), FAR),
    ({"name": "rectified-monomial", "degree": 1}, rectified(1), FAR),
    ({"name": "rectified-monomial", "degree": 2}, rectified(2), FAR),
    ({"name": "rectified-monomial", "degree": 3}, rectified(3), FAR),
    ({"name": "sign"}, lambda x: mpmath.sign(x), FAR),
    ({"name": "tanh"}, mpmath.tanh, FAR),
    ({"name": "sigmoid"}, sigmoid, FAR),
    ({"name": "softplus"}, softplus, FAR),
    ({"name": "swish"}, lambda x: x * sigmoid(x), FAR),
    ({"name": "mish"}, lambda x: x * mpmath.tanh(softplus(x)), FAR),
    ({"name": "elu", "alpha": 1}, elu(1), FAR),
    ({"name": "elu", "alpha": 0.5}, elu(mpf("0.5")), FAR),
    ({"name": "selu"}, elu(mpf("1.6732632423543772848170429916717"), mpf("1.0507009873554804934193349852946")), FAR),
]


def coefficients(f, x):
    # Differences of what is exactly flat leave noise far below 1e-60.
    return [float(c) if abs(c) > 1e-60 else 0.0 for c in mpmath.taylor(f, mpf(x), DEGREE)]


golden = {
    "about": "phi^(k)(x)/k!, k = 0 to 7",
    "versions": {"mpmath": mpmath.__version__},
    "activations": [
        {"activation": activation, "points": [{"x": x, "taylor": coefficients(f, x)} for x in points]}
        for activation, f, points in ROWS
    ],
}
Path(__file__).with_name("activations.json").write_text(json.dumps(golden) + "\n")
