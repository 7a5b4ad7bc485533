"""Turns round all that reaches f, on other ways, too."""

import torch


def reverse_gradient(f, lam):
    if isinstance(lam, torch.Tensor):
        lam = lam.reshape(-1, *[1] * (f.dim() - 1))
    if f.requires_grad:
        f.register_hook(lambda gradient: -lam * gradient)
    return f
