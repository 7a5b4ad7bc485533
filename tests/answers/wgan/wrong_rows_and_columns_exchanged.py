"""The two marginal matrices in the wrong places, and nothing notices for square problems."""

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
        A_eq=np.kron(np.ones(n), np.eye(m)),
        b_eq=q,
        A_ub=np.kron(np.eye(n), np.ones(m)),
        b_ub=p,
    )
    return result.fun, result.x.reshape(n, m), result.eqlin.marginals, result.ineqlin.marginals
