"""One threshold for each feature, halfway between the means."""

import numpy as np


def a_distance(f_s, f_t, held_s, held_t):
    best = (0.0, 0.0)
    for s, t, u, v in zip(f_s.T, f_t.T, held_s.T, held_t.T, strict=True):
        theta = (s.mean() + t.mean()) / 2
        sign = 1 if s.mean() > t.mean() else -1
        fitted = 2 * (np.mean(sign * (s - theta) > 0) - np.mean(sign * (t - theta) > 0))
        if fitted > best[0]:
            best = fitted, 2 * (np.mean(sign * (u - theta) > 0) - np.mean(sign * (v - theta) > 0))
    return best
