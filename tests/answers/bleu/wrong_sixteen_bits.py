"""Counts in sixteen bits, which a large corpus overflows."""

import math

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    s = statistics.astype(np.int16).sum(axis=0, dtype=np.int16).astype(float)
    m, t, c, r = s[:order], s[order : 2 * order], s[-2], s[-1]
    if c == 0:
        return 0.0
    use = weights > 0
    if (m[use] == 0).any():
        return 0.0
    bp = 1.0 if c >= r else math.exp(1 - r / c)
    return float(bp * np.exp((weights[use] * np.log(m[use] / t[use])).sum()))
