"""One gradient by the start for all sequences together."""

import numpy as np


def leaky_bptt(x, h0, W, U, b, alpha, dh):
    steps = x.shape[1]
    h, g = [h0], []
    for t in range(steps):
        g.append(np.tanh(x[:, t] @ W.T + h[-1] @ U.T + b))
        h.append((1 - alpha) * h[-1] + alpha * g[-1])
    gW, gU, gb, gx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x)
    carried = np.zeros_like(h0)
    for t in reversed(range(steps)):
        delta = dh[:, t] + carried
        bar = alpha * (1 - g[t] ** 2) * delta
        gW += bar.T @ x[:, t]
        gU += bar.T @ h[t]
        gb += bar.sum(axis=0)
        gx[:, t] = bar @ W
        carried = (1 - alpha) * delta + bar @ U
    return {"W": gW, "U": gU, "b": gb, "h0": carried.sum(axis=0, keepdims=True), "x": gx}
