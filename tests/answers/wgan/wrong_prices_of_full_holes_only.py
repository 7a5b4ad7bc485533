"""Prices by slackness along the plan, starting at 0: not feasible in general."""

import numpy as np
from scipy.optimize import linprog


def transport(cost, p, q):
    n, m = cost.shape
    if p.shape != (n,) or q.shape != (m,):
        raise ValueError(f"expected masses of shapes ({n},) and ({m},), got {p.shape} and {q.shape}")
    if not (np.all(p >= 0) and np.all(q >= 0)):
        raise ValueError(f"expected masses of at least 0, got {p} and {q}")
    if p.sum() > q.sum() * (1 + 1e-9):
        raise ValueError(f"expected room for a mass of {p.sum()}, got {q.sum()}")
    result = linprog(
        cost.ravel(),
        A_eq=np.kron(np.eye(n), np.ones(m)),
        b_eq=p,
        A_ub=np.kron(np.ones(n), np.eye(m)),
        b_ub=q,
    )
    plan = result.x.reshape(n, m)
    f = np.where(plan > 1e-12, cost, 0).max(axis=1)
    g = np.minimum((cost - f[:, None]).min(axis=0), 0)
    return result.fun, plan, f, g
