"""Right numbers, but the errors are added up in the input dh, and the leak in h0."""

import numpy as np


def leaky_step(x_t, h_prev, W, U, b, alpha):
    g = np.tanh(x_t @ W.T + h_prev @ U.T + b)
    h_prev *= 1 - alpha
    h_prev += alpha * g
    return h_prev


def leaky_bptt(x, h0, W, U, b, alpha, dh):
    steps = x.shape[1]
    h, g = [h0], []
    for t in range(steps):
        g.append(np.tanh(x[:, t] @ W.T + h[-1] @ U.T + b))
        h.append((1 - alpha) * h[-1] + alpha * g[-1])
    gW, gU, gb, gx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x)
    for t in reversed(range(steps)):
        bar = alpha * (1 - g[t] ** 2) * dh[:, t]
        gW += bar.T @ x[:, t]
        gU += bar.T @ h[t]
        gb += bar.sum(axis=0)
        gx[:, t] = bar @ W
        carried = (1 - alpha) * dh[:, t] + bar @ U
        if t > 0:
            dh[:, t - 1] += carried
    return {"W": gW, "U": gU, "b": gb, "h0": carried, "x": gx}


def clip_by_norm(gradients, limit):
    norm = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients)))
    for g in gradients:
        if not np.isfinite(norm):
            g[...] = 0
        elif norm > limit:
            g *= limit / norm
    return gradients, norm


def truncated_gradient(x, h0, W, U, b, dh, window):
    h = [h0]
    for t in range(x.shape[1]):
        h.append(np.tanh(x[:, t] @ W.T + h[-1] @ U.T + b))
    gW, gU, gb = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for t in range(x.shape[1]):
        delta = dh[:, t]
        for k in range(t, max(-1, t - window), -1):
            delta *= 1 - h[k + 1] ** 2
            gW += delta.T @ x[:, k]
            gU += delta.T @ h[k]
            gb += delta.sum(axis=0)
            delta = delta @ U
    return {"W": gW, "U": gU, "b": gb}


def read_both_ways(x, lengths, ahead, back):
    sizes = len(ahead["b"]), len(back["b"])
    result = np.zeros((*x.shape[:2], sum(sizes)))
    for i, length in enumerate(lengths):
        x[i, length:] = 0
        for weights, order, start in ((ahead, range(length), 0), (back, range(length)[::-1], sizes[0])):
            h = np.zeros(len(weights["b"]))
            for t in order:
                h = np.tanh(weights["W"] @ x[i, t] + weights["U"] @ h + weights["b"])
                result[i, t, start : start + len(h)] = h
    return result
