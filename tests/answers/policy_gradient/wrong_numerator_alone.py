"""Forgets to divide by the sum of the squares."""


def best_baselines(g, R):
    weights = g**2
    total = weights.sum(dim=0)
    paid = (weights * R[:, None]).sum(dim=0)
    each = paid / len(R)
    best = (paid.sum() / total.sum()).nan_to_num(0.0)
    return best, each
