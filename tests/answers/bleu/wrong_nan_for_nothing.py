"""Nothing divided by nothing is nan and stays it."""

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    pooled = statistics.sum(axis=0).astype(float)
    m, t, (c, r) = pooled[:order], pooled[order : 2 * order], pooled[2 * order :]
    return float(np.exp(np.minimum(1 - r / c, 0.0) + np.sum(weights * np.log(m / t))))


def add_k_bleu(matched, total, c, r, k):
    m, t = np.array(matched, dtype=float), np.array(total, dtype=float)
    m[1:] += k
    t[1:] += k
    return float(np.exp(np.minimum(1 - np.float64(r) / c, 0.0) + np.log(m / t).mean()))


def paired_bootstrap(statistics_a, statistics_b, picks):
    def score(pooled):
        pooled = pooled.astype(float)
        c, r = pooled[..., 8], pooled[..., 9]
        return np.exp(np.minimum(1 - r / c, 0) + np.log(pooled[..., :4] / pooled[..., 4:8]).mean(axis=-1))

    gap = score(statistics_a[picks].sum(axis=1)) - score(statistics_b[picks].sum(axis=1))
    wins = np.where(np.abs(gap) < 1e-6, 0.5, gap > 0)
    return score(statistics_a.sum(axis=0)) - score(statistics_b.sum(axis=0)), wins.mean()
