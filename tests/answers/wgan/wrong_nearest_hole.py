"""Each pile goes to its nearest hole, whatever room it has."""

import numpy as np


def transport(cost, p, q):
    n, m = cost.shape
    if p.shape != (n,) or q.shape != (m,):
        raise ValueError(f"expected masses of shapes ({n},) and ({m},), got {p.shape} and {q.shape}")
    if not (np.all(p >= 0) and np.all(q >= 0)):
        raise ValueError(f"expected masses of at least 0, got {p} and {q}")
    if p.sum() > q.sum() * (1 + 1e-9):
        raise ValueError(f"expected room for a mass of {p.sum()}, got {q.sum()}")
    plan = np.zeros((n, m))
    plan[np.arange(n), cost.argmin(axis=1)] = p
    return (plan * cost).sum(), plan, cost.min(axis=1), np.zeros(m)
