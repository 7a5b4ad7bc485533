"""Rows go back through the transpose of U."""

import numpy as np


def truncated_gradient(x, h0, W, U, b, dh, window):
    steps = x.shape[1]
    h = [h0]
    for t in range(steps):
        h.append(np.tanh(x[:, t] @ W.T + h[-1] @ U.T + b))
    gW, gU, gb = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for t in range(steps):
        delta = dh[:, t]
        for k in range(t, max(-1, t - window), -1):
            bar = (1 - h[k + 1] ** 2) * delta
            gW += bar.T @ x[:, k]
            gU += bar.T @ h[k]
            gb += bar.sum(axis=0)
            delta = bar @ U.T
    return {"W": gW, "U": gU, "b": gb}
