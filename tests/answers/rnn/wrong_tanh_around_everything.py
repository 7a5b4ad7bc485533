"""The leak inside of the tanh."""

import numpy as np


def leaky_step(x_t, h_prev, W, U, b, alpha):
    return np.tanh((1 - alpha) * h_prev + alpha * (x_t @ W.T + h_prev @ U.T + b))
