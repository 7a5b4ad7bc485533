"""Multiplies the value by minus lambda, too."""

import torch


def reverse_gradient(f, lam):
    if isinstance(lam, torch.Tensor):
        lam = lam.reshape(-1, *[1] * (f.dim() - 1))
    return -lam * f
