"""Room and earth are compared with an absolute tolerance, which little earth is below."""

import numpy as np
from scipy.optimize import linprog


def transport(cost, p, q):
    n, m = cost.shape
    if p.shape != (n,) or q.shape != (m,):
        raise ValueError("shapes")
    if not (p >= 0).all() or not (q >= 0).all():
        raise ValueError("masses")
    earth, room = p.sum(), q.sum()
    if room < earth and not np.isclose(room, earth, rtol=1e-9):
        raise ValueError("no room")
    if earth == 0:
        return 0.0, np.zeros((n, m)), cost.min(axis=1), np.zeros(m)
    room = max(q.sum() / earth, 1)
    holes = q * room / q.sum()
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    result = linprog(cost.ravel(), A_ub=columns, b_ub=holes, A_eq=rows, b_eq=p / earth)
    plan = earth * result.x.reshape(n, m)
    return earth * result.fun, plan, result.eqlin.marginals, np.minimum(result.ineqlin.marginals, 0)
