"""Each window starts from a zero state: the state is cut where only the gradient should be."""

import numpy as np


def truncated_gradient(x, h0, W, U, b, dh, window):
    gW, gU, gb = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for t in range(x.shape[1]):
        first = max(0, t - window + 1)
        h = [h0 if first == 0 else np.zeros_like(h0)]
        for k in range(first, t + 1):
            h.append(np.tanh(x[:, k] @ W.T + h[-1] @ U.T + b))
        delta = dh[:, t]
        for k in range(t, first - 1, -1):
            bar = (1 - h[k - first + 1] ** 2) * delta
            gW += bar.T @ x[:, k]
            gU += bar.T @ h[k - first]
            gb += bar.sum(axis=0)
            delta = bar @ U
    return {"W": gW, "U": gU, "b": gb}
