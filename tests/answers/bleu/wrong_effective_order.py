"""Leaves out orders without n-grams, as sacrebleu does for single sentences, and scales the weights up."""

import math

import numpy as np


def corpus_bleu(statistics, weights):
    N = len(weights)
    s = statistics.sum(axis=0)
    m, t, c, r = s[:N], s[N : 2 * N], s[-2], s[-1]
    if c == 0:
        return 0.0
    use = (weights > 0) & (t > 0)
    if (m[use] == 0).any():
        return 0.0
    bp = 1.0 if c >= r else math.exp(1 - r / c)
    w = weights[use] / weights[use].sum()
    return float(bp * np.exp((w * np.log(m[use] / t[use])).sum()))
