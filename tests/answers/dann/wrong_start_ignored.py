"""Progress counts from step 0, and lambda jumps at the start."""

import numpy as np


def lam_schedule(step, start, end, gamma, lam_max):
    """lambda at each step: an array of whole numbers in, an array of that shape out."""
    p = np.clip(np.where(step <= start, 0, step / end), 0.0, 1.0)
    if gamma == 0:
        return lam_max * p
    # S(p) is tanh(gamma p / 2), which is exact near 0 and knows no overflow.
    return lam_max * np.tanh(gamma * p / 2) / np.tanh(gamma / 2)
