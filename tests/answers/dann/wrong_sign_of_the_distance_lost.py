"""Turns a stump round that is worse than chance."""

import numpy as np


def a_distance(f_s, f_t, held_s, held_t):
    """2 (1 - 2 error) of the best stump, where it was chosen and on held-out features: two numbers."""

    def error(source, target, theta, sign):  # the stump says source where sign (f - theta) > 0
        return (np.mean(sign * (source - theta) <= 0) + np.mean(sign * (target - theta) > 0)) / 2

    best, held_out = 0.5, 0.5
    for j in range(f_s.shape[1]):
        values = np.unique(np.concatenate([f_s[:, j], f_t[:, j]]))
        for theta in (values[:-1] + values[1:]) / 2:
            for sign in (1, -1):
                tried = error(f_s[:, j], f_t[:, j], theta, sign)
                if tried < best:
                    best, held_out = tried, error(held_s[:, j], held_t[:, j], theta, sign)
    return 2 * (1 - 2 * best), abs(2 * (1 - 2 * held_out))
