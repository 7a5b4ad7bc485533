"""The cheapest pair first, as much as fits: a plan, but not the best."""

import numpy as np


def transport(cost, p, q):
    n, m = cost.shape
    if p.shape != (n,) or q.shape != (m,):
        raise ValueError(f"expected masses of shapes ({n},) and ({m},), got {p.shape} and {q.shape}")
    if not (np.all(p >= 0) and np.all(q >= 0)):
        raise ValueError(f"expected masses of at least 0, got {p} and {q}")
    if p.sum() > q.sum() * (1 + 1e-9):
        raise ValueError(f"expected room for a mass of {p.sum()}, got {q.sum()}")
    plan, p, q = np.zeros((n, m)), p.copy(), q.copy()
    for k in cost.argsort(axis=None):
        i, j = divmod(k, m)
        plan[i, j] = min(p[i], q[j])
        p[i] -= plan[i, j]
        q[j] -= plan[i, j]
    g = np.where(q > 1e-12, 0.0, -1.0)
    return (plan * cost).sum(), plan, (cost - g).min(axis=1), g
