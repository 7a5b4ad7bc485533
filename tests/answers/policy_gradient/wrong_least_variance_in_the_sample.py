"""Minimises the variance in the sample, where the mean score is not 0."""

import torch


def best_baselines(g, R):
    weights = g * (g - g.mean(dim=0))
    total = weights.sum(dim=0)
    paid = (weights * R[:, None]).sum(dim=0)
    each = torch.where(total.abs() > 1e-30, paid / total, 0.0)
    best = (paid.sum() / total.sum()).nan_to_num(0.0)
    return best, each
