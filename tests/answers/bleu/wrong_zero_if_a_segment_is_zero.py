"""One segment without a match makes the score of the corpus zero."""

import math

import numpy as np


def corpus_bleu(statistics, weights):
    N = len(weights)
    if (statistics[:, :N][:, weights > 0] == 0).any():
        return 0.0
    s = statistics.sum(axis=0)
    m, t, c, r = s[:N], s[N : 2 * N], s[-2], s[-1]
    if c == 0:
        return 0.0
    use = weights > 0
    bp = 1.0 if c >= r else math.exp(1 - r / c)
    return float(bp * np.exp((weights[use] * np.log(m[use] / t[use])).sum()))
