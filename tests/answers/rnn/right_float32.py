"""The model's ideas in single precision: less exact, and right."""

import numpy as np


def _single(*arrays):
    return [np.asarray(a, dtype=np.float32) for a in arrays]


def leaky_step(x_t, h_prev, W, U, b, alpha):
    x_t, h_prev, W, U, b = _single(x_t, h_prev, W, U, b)
    alpha = np.float32(alpha)
    return (1 - alpha) * h_prev + alpha * np.tanh(x_t @ W.T + h_prev @ U.T + b)


def leaky_bptt(x, h0, W, U, b, alpha, dh):
    x, h0, W, U, b, dh = _single(x, h0, W, U, b, dh)
    alpha = np.float32(alpha)
    h, g = [h0], []
    for x_t in x.swapaxes(0, 1):
        g.append(np.tanh(x_t @ W.T + h[-1] @ U.T + b))
        h.append((1 - alpha) * h[-1] + alpha * g[-1])
    grads = {"W": 0, "U": 0, "b": 0}
    dx, delta = np.zeros_like(x), np.zeros_like(h0)
    for t in range(x.shape[1])[::-1]:
        delta = delta + dh[:, t]
        bar = alpha * delta * (1 - g[t] * g[t])
        grads["W"], grads["U"] = grads["W"] + bar.T @ x[:, t], grads["U"] + bar.T @ h[t]
        grads["b"] = grads["b"] + bar.sum(0)
        dx[:, t] = bar @ W
        delta = (1 - alpha) * delta + bar @ U
    return {**grads, "h0": delta, "x": dx}


def truncated_gradient(x, h0, W, U, b, dh, window):
    x, h0, W, U, b, dh = _single(x, h0, W, U, b, dh)
    h = [h0]
    for x_t in x.swapaxes(0, 1):
        h.append(np.tanh(x_t @ W.T + h[-1] @ U.T + b))
    grads = {"W": 0, "U": 0, "b": 0}
    for t in range(x.shape[1]):
        delta = dh[:, t]
        for k in reversed(range(max(0, t - window + 1), t + 1)):
            bar = delta * (1 - h[k + 1] ** 2)
            grads["W"], grads["U"] = grads["W"] + bar.T @ x[:, k], grads["U"] + bar.T @ h[k]
            grads["b"] = grads["b"] + bar.sum(0)
            delta = bar @ U
    return grads


def read_both_ways(x, lengths, ahead, back):
    x = np.asarray(x, dtype=np.float32)
    blocks = []
    for weights, step in ((ahead, 1), (back, -1)):
        W, U, b = _single(weights["W"], weights["U"], weights["b"])
        block = np.zeros((*x.shape[:2], len(b)), dtype=np.float32)
        for i, length in enumerate(lengths):
            h = np.zeros(len(b), dtype=np.float32)
            for t in list(range(length))[::step]:
                h = np.tanh(x[i, t] @ W.T + h @ U.T + b)
                block[i, t] = h
        blocks.append(block)
    return np.concatenate(blocks, axis=-1)
