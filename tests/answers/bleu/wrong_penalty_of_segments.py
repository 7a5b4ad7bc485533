"""The mean of the segments' penalties, in place of the penalty of the sums."""

import numpy as np


def corpus_bleu(statistics, weights):
    N = len(weights)
    s = statistics.sum(axis=0)
    m, t, c, _r = s[:N], s[N : 2 * N], s[-2], s[-1]
    if c == 0:
        return 0.0
    use = weights > 0
    if (m[use] == 0).any():
        return 0.0
    cs, rs = statistics[:, -2], statistics[:, -1]
    ok = cs > 0
    bp = np.average(np.where(ok, np.minimum(1, np.exp(1 - rs / np.maximum(cs, 1))), 0), weights=cs)
    return float(bp * np.exp((weights[use] * np.log(m[use] / t[use])).sum()))
