"""Divides by 0 where a parameter never moved."""


def best_baselines(g, R):
    weights = g**2
    total = weights.sum(dim=0)
    paid = (weights * R[:, None]).sum(dim=0)
    each = paid / total
    best = paid.sum() / total.sum()
    return best, each
