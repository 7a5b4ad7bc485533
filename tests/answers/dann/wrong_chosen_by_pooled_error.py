"""Chooses the stump by one error rate over all samples, and reports the mean of the two."""

import numpy as np


def a_distance(f_s, f_t, held_s, held_t):
    """2 (1 - 2 error) of the best stump, where it was chosen and on held-out features: two numbers."""

    def error(source, target, theta, sign):  # the stump says source where sign (f - theta) > 0
        return (np.mean(sign * (source - theta) <= 0) + np.mean(sign * (target - theta) > 0)) / 2

    n, m = len(f_s), len(f_t)
    best, held_out, fewest = 0.5, 0.5, min(n, m)
    for j in range(f_s.shape[1]):
        values = np.unique(np.concatenate([f_s[:, j], f_t[:, j]]))
        for theta in (values[:-1] + values[1:]) / 2:
            for sign in (1, -1):
                wrong = np.sum(sign * (f_s[:, j] - theta) <= 0) + np.sum(sign * (f_t[:, j] - theta) > 0)
                if wrong < fewest:
                    fewest, best = wrong, error(f_s[:, j], f_t[:, j], theta, sign)
                    held_out = error(held_s[:, j], held_t[:, j], theta, sign)
    return 2 * (1 - 2 * best), 2 * (1 - 2 * held_out)
