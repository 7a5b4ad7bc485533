"""The last `window` steps of the sequence only, as if there were one loss, at the end."""

import numpy as np


def truncated_gradient(x, h0, W, U, b, dh, window):
    steps = x.shape[1]
    h = [h0]
    for t in range(steps):
        h.append(np.tanh(x[:, t] @ W.T + h[-1] @ U.T + b))
    gW, gU, gb = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    carried = np.zeros_like(h0)
    for t in range(steps - 1, max(-1, steps - 1 - window), -1):
        bar = (1 - h[t + 1] ** 2) * (dh[:, t] + carried)
        gW += bar.T @ x[:, t]
        gU += bar.T @ h[t]
        gb += bar.sum(axis=0)
        carried = bar @ U
    return {"W": gW, "U": gU, "b": gb}
