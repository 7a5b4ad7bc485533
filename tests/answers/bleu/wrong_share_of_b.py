"""The share is that of B."""

import numpy as np


def _score(pooled):
    c, r = pooled[..., 8], pooled[..., 9]
    with np.errstate(all="ignore"):
        mean = np.exp(np.log(pooled[..., :4] / np.maximum(pooled[..., 4:8], 1)).mean(axis=-1))
    return mean * np.exp(np.minimum(1 - r / np.maximum(c, 1), 0))


def paired_bootstrap(statistics_a, statistics_b, picks):
    gap = _score(statistics_a[picks].sum(axis=1)) - _score(statistics_b[picks].sum(axis=1))
    wins = np.where(np.abs(gap) < 1e-6, 0.5, gap < 0)
    return _score(statistics_a.sum(axis=0)) - _score(statistics_b.sum(axis=0)), wins.mean()
