"""Rows of states times U in place of its transpose, forwards and backwards."""

import numpy as np


def leaky_step(x_t, h_prev, W, U, b, alpha):
    return (1 - alpha) * h_prev + alpha * np.tanh(x_t @ W.T + h_prev @ U + b)


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
        gU += h[t].T @ bar
        gb += bar.sum(axis=0)
        gx[:, t] = bar @ W
        carried = (1 - alpha) * delta + bar @ U
    return {"W": gW, "U": gU, "b": gb, "h0": carried, "x": gx}


def read_both_ways(x, lengths, ahead, back):
    sizes = len(ahead["b"]), len(back["b"])
    result = np.zeros((*x.shape[:2], sum(sizes)))
    for i, length in enumerate(lengths):
        for weights, order, start in ((ahead, range(length), 0), (back, range(length)[::-1], sizes[0])):
            h = np.zeros(len(weights["b"]))
            for t in order:
                h = np.tanh(weights["W"] @ x[i, t] + h @ weights["U"] + weights["b"])
                result[i, t, start : start + len(h)] = h
    return result
