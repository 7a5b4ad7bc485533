"""Works in float32 inside."""

import torch


def reverse_gradient(f, lam):
    if isinstance(lam, torch.Tensor):
        lam = lam.float().reshape(-1, *[1] * (f.dim() - 1))
    fixed = f.float().detach()
    return (fixed - lam * (f.float() - fixed)).to(f.dtype)
