"""Writes scores.json, golden numbers for scores.test.ts, from scikit-learn: python3 make-scores.py"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics

rng = np.random.default_rng(0)


def regression(n, noise, weighted=False):
    y = np.round(rng.normal(size=n) * 3 + 1, 4)
    f = np.round(y + noise * rng.normal(size=n), 4)
    w = np.round(rng.uniform(0.1, 3, size=n), 4) if weighted else None
    return {
        "y": y.tolist(),
        "prediction": f.tolist(),
        "weights": None if w is None else w.tolist(),
        "r2": metrics.r2_score(y, f, sample_weight=w),
        "rmse": metrics.mean_squared_error(y, f, sample_weight=w, squared=False),
        "mae": metrics.mean_absolute_error(y, f, sample_weight=w),
    }


def classification(n, k, sharpness, ties=False):
    labels = np.concatenate([np.arange(k), rng.integers(k, size=n - k)])
    logits = rng.normal(size=(n, k)) + sharpness * np.eye(k)[labels]
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    p = np.round(p, 1 if ties else 4) + 0.01
    p /= p.sum(axis=1, keepdims=True)
    best = p.argmax(axis=1)
    binary = k == 2
    return {
        "labels": labels.tolist(),
        "probabilities": p.tolist(),
        "accuracy": metrics.accuracy_score(labels, best),
        "logLoss": metrics.log_loss(labels, p),
        "brier": float(np.mean((p - np.eye(k)[labels]) ** 2)),
        "auc": metrics.roc_auc_score(labels, p[:, 1]) if binary else metrics.roc_auc_score(labels, p, multi_class="ovr"),
        "f1": metrics.f1_score(labels, best, average="binary" if binary else "macro"),
        "confusion": metrics.confusion_matrix(labels, best).tolist(),
    }


Path(__file__).with_name("scores.json").write_text(
    json.dumps(
        {
            "made": {"script": "make-scores.py", "scikit-learn": sklearn.__version__, "numpy": np.__version__},
            "regression": [regression(30, 0.5), regression(30, 5), regression(25, 1, weighted=True)],
            "classification": [
                classification(40, 2, 1),
                classification(40, 2, 0.5, ties=True),
                classification(50, 3, 1),
                classification(60, 5, 2, ties=True),
            ],
        }
    )
    + "\n"
)
