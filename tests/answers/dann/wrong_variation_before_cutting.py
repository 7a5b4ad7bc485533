"""Compares the solution as it came, negative entries and all."""

import numpy as np


def label_shift(y_s, yhat_s, yhat_t, k):
    """Estimated class shares of the target, an array (k,), and their total variation from the source's."""
    counts = np.zeros((k, k))
    np.add.at(counts, (yhat_s, y_s), 1)  # row: what the classifier says, column: what is true
    per_class = counts.sum(axis=0)
    if not per_class.all():
        raise ValueError(f"expected every class in y_s, got the counts {per_class}")
    confusion = counts / per_class  # each column sums to 1
    if np.linalg.svd(confusion, compute_uv=False)[-1] < 1e-6:
        raise ValueError("expected a classifier that tells the classes apart, got a singular confusion matrix")
    predicted = np.bincount(yhat_t, minlength=k) / len(yhat_t)
    q = np.maximum(np.linalg.solve(confusion, predicted), 0)
    q = q / q.sum()
    return q, float(np.abs(per_class / len(y_s) - np.linalg.solve(confusion, predicted)).sum() / 2)
