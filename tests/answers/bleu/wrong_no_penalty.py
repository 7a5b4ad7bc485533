"""The brevity penalty is forgotten."""

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    pooled = statistics.sum(axis=0)
    m, t = pooled[:order], pooled[order : 2 * order]
    use = weights > 0
    if (m[use] == 0).any():
        return 0.0
    return float(np.exp(np.sum(weights[use] * np.log(m[use] / t[use]))))


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    product = matched[0] / total[0]
    for m, t in zip(matched[1:], total[1:], strict=False):
        product *= (m + k) / (t + k) if t + k else 0.0
    return product ** (1 / len(matched))


def paired_bootstrap(statistics_a, statistics_b, picks):
    def score(pooled):
        with np.errstate(all="ignore"):
            return np.exp(np.log(pooled[..., :4] / np.maximum(pooled[..., 4:8], 1)).mean(axis=-1))

    gap = score(statistics_a[picks].sum(axis=1)) - score(statistics_b[picks].sum(axis=1))
    wins = np.where(np.abs(gap) < 1e-6, 0.5, gap > 0)
    return score(statistics_a.sum(axis=0)) - score(statistics_b.sum(axis=0)), wins.mean()
