"""Fails where features require no gradient."""

import torch


def reverse_gradient(f, lam):
    if isinstance(lam, torch.Tensor):
        lam = lam.reshape(-1, *[1] * (f.dim() - 1))
    out = f.clone()
    out.register_hook(lambda gradient: -lam * gradient)
    return out
