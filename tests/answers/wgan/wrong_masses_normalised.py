"""Both masses are divided by their sums, as if they were laws."""

import numpy as np
from scipy.optimize import linprog


def transport(cost, p, q):
    n, m = cost.shape
    if p.shape != (n,) or q.shape != (m,):
        raise ValueError(f"expected masses of shapes ({n},) and ({m},), got {p.shape} and {q.shape}")
    if not (np.all(p >= 0) and np.all(q >= 0)):
        raise ValueError(f"expected masses of at least 0, got {p} and {q}")
    p, q = p / p.sum(), q / q.sum()
    if p.sum() > q.sum() * (1 + 1e-9):
        raise ValueError(f"expected room for a mass of {p.sum()}, got {q.sum()}")
    result = linprog(
        cost.ravel(),
        A_eq=np.kron(np.eye(n), np.ones(m)),
        b_eq=p,
        A_ub=np.kron(np.ones(n), np.eye(m)),
        b_ub=q,
    )
    return result.fun, result.x.reshape(n, m), result.eqlin.marginals, result.ineqlin.marginals
