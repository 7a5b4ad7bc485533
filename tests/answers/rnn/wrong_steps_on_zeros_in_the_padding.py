"""The padding is set to zero, and then read: a step on a zero input still moves the state."""

import numpy as np


def read_both_ways(x, lengths, ahead, back):
    batch, steps, _ = x.shape
    real = np.arange(steps) < np.asarray(lengths)[:, None]
    x = np.where(real[..., None], x, 0.0)

    def read(weights, order):
        h = np.zeros((batch, len(weights["b"])))
        states = np.zeros((batch, steps, len(weights["b"])))
        for t in order:
            h = np.tanh(x[:, t] @ weights["W"].T + h @ weights["U"].T + weights["b"])
            states[:, t] = h
        return np.where(real[..., None], states, 0.0)

    return np.concatenate([read(ahead, range(steps)), read(back, range(steps)[::-1])], axis=2)
