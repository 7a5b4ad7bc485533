"""alpha on what is old, 1 - alpha on what is new."""

import numpy as np


def leaky_step(x_t, h_prev, W, U, b, alpha):
    return alpha * h_prev + (1 - alpha) * np.tanh(x_t @ W.T + h_prev @ U.T + b)
