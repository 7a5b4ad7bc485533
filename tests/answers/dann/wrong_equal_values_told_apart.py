"""Goes through the sorted samples one by one, equal values, too."""

import numpy as np


def a_distance(f_s, f_t, held_s, held_t):
    best, held_out = 0.0, 0.0
    for j in range(f_s.shape[1]):
        values = np.concatenate([f_s[:, j], f_t[:, j]])
        steps = np.repeat([1 / len(f_s), -1 / len(f_t)], [len(f_s), len(f_t)])
        order = np.argsort(values, kind="stable")
        gap = np.cumsum(steps[order])
        i = np.argmax(np.abs(gap))
        if abs(gap[i]) > best:
            theta, sign = values[order[i]], np.sign(gap[i])
            best = abs(gap[i])
            held_out = sign * (np.mean(held_s[:, j] <= theta) - np.mean(held_t[:, j] <= theta))
    return 2 * best, 2 * held_out
