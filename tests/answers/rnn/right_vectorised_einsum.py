"""NumPy with einsum, masks in place of loops over sequences, gathers in place of slices."""

import numpy as np


def leaky_step(x_t, h_prev, W, U, b, alpha):
    g = np.tanh(np.einsum("hn,bn->bh", W, x_t) + np.einsum("hk,bk->bh", U, h_prev) + b)
    return h_prev + alpha * (g - h_prev)


def leaky_bptt(x, h0, W, U, b, alpha, dh):
    T = x.shape[1]
    h, g = np.empty((T + 1, *h0.shape)), np.empty((T, *h0.shape))
    h[0] = h0
    for t in range(T):
        g[t] = np.tanh(np.einsum("hn,bn->bh", W, x[:, t]) + h[t] @ U.T + b)
        h[t + 1] = h[t] + alpha * (g[t] - h[t])
    bar, carried = np.empty_like(g), 0
    for t in range(T - 1, -1, -1):
        delta = dh[:, t] + carried
        bar[t] = alpha * (1 - g[t]) * (1 + g[t]) * delta
        carried = delta - alpha * delta + np.einsum("bh,hk->bk", bar[t], U)
    return {
        "W": np.einsum("tbh,btn->hn", bar, x),
        "U": np.einsum("tbh,tbk->hk", bar, h[:-1]),
        "b": np.einsum("tbh->h", bar),
        "h0": carried,
        "x": np.einsum("tbh,hn->btn", bar, W),
    }


def clip_by_norm(gradients, limit):
    flat = np.concatenate([np.ravel(g).astype(np.float64) for g in gradients])
    norm = np.linalg.norm(flat)
    scale = np.where(norm > limit, limit / np.maximum(norm, limit), 1.0)
    if np.isfinite(norm):
        return [g * scale for g in gradients], norm
    return [np.zeros(np.shape(g)) for g in gradients], norm


def truncated_gradient(x, h0, W, U, b, dh, window):
    """All losses of one lag at once: delta of every time is carried back one more step each round."""
    T = x.shape[1]
    h = np.empty((T + 1, *h0.shape))
    h[0] = h0
    for t in range(T):
        h[t + 1] = np.tanh(x[:, t] @ W.T + h[t] @ U.T + b)
    slope, x = 1 - h[1:] ** 2, np.swapaxes(x, 0, 1)
    gradient = {"W": np.zeros(W.shape), "U": np.zeros(U.shape), "b": np.zeros(b.shape)}
    delta = np.swapaxes(dh, 0, 1)  # of the losses at times lag, …, T − 1
    for lag in range(min(window, T)):
        bar = slope[: T - lag] * delta
        gradient["W"] += np.einsum("tbh,tbn->hn", bar, x[: T - lag])
        gradient["U"] += np.einsum("tbh,tbk->hk", bar, h[: T - lag])
        gradient["b"] += bar.sum((0, 1))
        delta = (bar @ U)[1:]
    return gradient


def read_both_ways(x, lengths, ahead, back):
    B, T, _ = x.shape
    lengths = np.asarray(lengths)
    real = np.arange(T) < lengths[:, None]  # (B, T)
    clean = np.where(real[..., None], x, 0.0)
    mirror = np.where(real, lengths[:, None] - 1 - np.arange(T), np.arange(T))  # its own inverse

    def read(rows, weights):
        h, states = np.zeros((B, len(weights["b"]))), []
        for t in range(T):
            h = np.tanh(rows[:, t] @ weights["W"].T + h @ weights["U"].T + weights["b"])
            states.append(h)
        return np.where(real[..., None], np.stack(states, axis=1), 0.0)

    forward = read(clean, ahead)
    backward = read(np.take_along_axis(clean, mirror[..., None], axis=1), back)
    backward = np.take_along_axis(backward, mirror[..., None], axis=1)
    return np.concatenate([forward, backward], axis=2)
