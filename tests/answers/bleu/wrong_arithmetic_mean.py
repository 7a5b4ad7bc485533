"""The mean of the precisions is the ordinary one."""

import math

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    pooled = statistics.sum(axis=0)
    m, t, (c, r) = pooled[:order], pooled[order : 2 * order], pooled[2 * order :]
    if c == 0:
        return 0.0
    return float(math.exp(min(1 - r / c, 0.0)) * np.sum(weights * m / np.maximum(t, 1)))


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    p = [matched[0] / total[0]]
    p += [(m + k) / (t + k) if t + k else 0.0 for m, t in zip(matched[1:], total[1:], strict=False)]
    return math.exp(min(1 - r / c, 0.0)) * sum(p) / len(p)
