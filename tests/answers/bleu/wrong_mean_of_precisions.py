"""The precisions of the segments are averaged before the geometric mean."""

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    m, t = statistics[:, :order], statistics[:, order : 2 * order]
    c, r = statistics[:, -2:].sum(axis=0)
    p = np.divide(m, t, out=np.zeros(m.shape), where=t > 0).mean(axis=0)
    use = weights > 0
    if c == 0 or (p[use] == 0).any():
        return 0.0
    return float(np.exp(min(1 - r / c, 0.0) + np.sum(weights[use] * np.log(p[use]))))
