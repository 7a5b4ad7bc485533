"""The results are computed and not returned."""

import numpy as np


def leaky_step(x_t, h_prev, W, U, b, alpha):
    h = (1 - alpha) * h_prev + alpha * np.tanh(x_t @ W.T + h_prev @ U.T + b)
    print(h)


def leaky_bptt(x, h0, W, U, b, alpha, dh):
    print({"W": W, "U": U, "b": b, "h0": h0, "x": x})


def clip_by_norm(gradients, limit):
    np.sqrt(sum((g**2).sum() for g in gradients))


def truncated_gradient(x, h0, W, U, b, dh, window):
    print({"W": W, "U": U, "b": b})


def read_both_ways(x, lengths, ahead, back):
    np.zeros((*x.shape[:2], 2))
