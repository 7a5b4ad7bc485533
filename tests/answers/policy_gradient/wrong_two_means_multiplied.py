"""Multiplies the mean of the squares and the mean of the returns."""

import torch


def best_baselines(g, R):
    weights = g**2
    total = weights.sum(dim=0)
    paid = weights.mean(dim=0) * R.sum()
    each = torch.where(total > 0, paid / total, 0.0)
    best = (paid.sum() / total.sum()).nan_to_num(0.0)
    return best, each
