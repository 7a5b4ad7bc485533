"""Works on f itself."""

import torch


def reverse_gradient(f, lam):
    if isinstance(lam, torch.Tensor):
        lam = lam.reshape(-1, *[1] * (f.dim() - 1))
    fixed = f.detach()
    result = fixed.clone() - lam * (f - fixed)
    fixed.mul_(-1)
    return result
