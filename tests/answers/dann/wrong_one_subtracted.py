"""The formula as it is written, which has no digits left for a small gamma."""

import numpy as np


def lam_schedule(step, start, end, gamma, lam_max):
    """lambda at each step: an array of whole numbers in, an array of that shape out."""
    p = np.clip((step - start) / (end - start), 0.0, 1.0)
    if gamma == 0:
        return lam_max * p
    # S(p) is tanh(gamma p / 2), which is exact near 0 and knows no overflow.
    return lam_max * (2 / (1 + np.exp(-gamma * p)) - 1) / (2 / (1 + np.exp(-gamma)) - 1)
