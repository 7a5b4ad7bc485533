"""All losses at once, one lag at a time; the batch in one masked sweep; results as tuples and lists."""

import numpy as np


def clip_by_norm(gradients, limit):
    everything = np.concatenate([np.ravel(g).astype(float) for g in gradients])
    norm = np.linalg.norm(everything)
    share = min(1.0, limit / norm) if norm else 1.0
    if np.isfinite(everything).all():
        return tuple(np.multiply(g, share, dtype=g.dtype) for g in gradients), norm
    return tuple(0 * np.ones_like(g) for g in gradients), np.nan


def truncated_gradient(x, h0, W, U, b, dh, window):
    batch, steps, _ = x.shape
    h = np.zeros((batch, steps + 1, len(b)))
    h[:, 0] = h0
    for t in range(steps):
        h[:, t + 1] = np.tanh(x[:, t] @ W.T + h[:, t] @ U.T + b)
    slope = 1 - h[:, 1:] ** 2
    bar, sums = np.array(dh), {"W": 0.0, "U": 0.0, "b": 0.0}
    for lag in range(min(window, steps)):
        copies = steps - lag  # bar[:, k] belongs to copy k and to the loss at k + lag
        bar = bar[:, -copies:] @ U if lag else bar
        bar = bar * slope[:, :copies]
        sums["W"] += np.tensordot(bar, x[:, :copies], ((0, 1), (0, 1)))
        sums["U"] += np.tensordot(bar, h[:, :copies], ((0, 1), (0, 1)))
        sums["b"] += bar.sum((0, 1))
    return {key: value.tolist() for key, value in sums.items()}


def read_both_ways(x, lengths, ahead, back):
    steps = x.shape[1]
    real = (np.arange(steps) < np.reshape(lengths, (-1, 1)))[..., None]
    clean = np.where(real, x, 0)

    def sweep(weights, order):
        h = np.zeros((len(x), len(weights["b"])))
        for t in order:
            h = np.where(real[:, t], np.tanh(clean[:, t] @ weights["W"].T + h @ weights["U"].T + weights["b"]), h)
            yield t, np.where(real[:, t], h, 0)

    both = [dict(sweep(ahead, range(steps))), dict(sweep(back, reversed(range(steps))))]
    return np.stack([np.hstack([states[t] for states in both]) for t in range(steps)], axis=1)
