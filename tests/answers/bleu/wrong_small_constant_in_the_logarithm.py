"""A small constant in the logarithm in place of the zeros: a score that ought to be 0 is not."""

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    pooled = statistics.sum(axis=0)
    m, t, (c, r) = pooled[:order], pooled[order : 2 * order], pooled[2 * order :]
    p = m / np.maximum(t, 1)
    return float(np.exp(min(1 - r / max(c, 1), 0.0) + np.sum(weights * np.log(p + 1e-12))))


def paired_bootstrap(statistics_a, statistics_b, picks):
    def score(pooled):
        c, r = np.maximum(pooled[..., 8], 1), pooled[..., 9]
        p = pooled[..., :4] / np.maximum(pooled[..., 4:8], 1)
        return np.exp(np.minimum(1 - r / c, 0) + np.log(p + 1e-12).mean(axis=-1))

    gap = score(statistics_a[picks].sum(axis=1)) - score(statistics_b[picks].sum(axis=1))
    wins = np.where(np.abs(gap) < 1e-6, 0.5, gap > 0)
    return score(statistics_a.sum(axis=0)) - score(statistics_b.sum(axis=0)), wins.mean()
