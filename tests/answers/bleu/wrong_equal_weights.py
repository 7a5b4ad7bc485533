"""The weights that are given are not used."""

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    pooled = statistics.sum(axis=0)
    m, t, (c, r) = pooled[:order], pooled[order : 2 * order], pooled[2 * order :]
    if c == 0 or (m == 0).any():
        return 0.0
    return float(np.exp(min(1 - r / c, 0.0) + np.log(m / t).mean()))
