"""The holes are scaled until they are as large as the piles."""

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
        A_eq=np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))]),
        b_eq=np.concatenate([p, q * p.sum() / q.sum()]),
    )
    return result.fun, result.x.reshape(n, m), *np.split(result.eqlin.marginals, [n])
