"""Both halves are thought to be of the size of the first, and a sequence to be never empty."""

import numpy as np


def read_both_ways(x, lengths, ahead, back):
    units = len(ahead["b"])
    result = np.zeros((*x.shape[:2], 2 * units))
    for i, length in enumerate(lengths):
        h = np.zeros(units)
        for t in range(length):
            h = np.tanh(ahead["W"] @ x[i, t] + ahead["U"] @ h + ahead["b"])
            result[i, t, :units] = h
        h = np.tanh(back["W"] @ x[i, length - 1] + back["b"])
        result[i, length - 1, units:] = h
        for t in range(length - 2, -1, -1):
            h = np.tanh(back["W"] @ x[i, t] + back["U"] @ h + back["b"])
            result[i, t, units:] = h
    return result
