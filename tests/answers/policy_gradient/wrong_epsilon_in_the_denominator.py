"""Guards the division by a small number, which is not small beside small scores."""


def best_baselines(g, R):
    weights = g**2
    total = weights.sum(dim=0)
    paid = (weights * R[:, None]).sum(dim=0)
    each = paid / (total + 1e-8)
    best = (paid.sum() / total.sum()).nan_to_num(0.0)
    return best, each
