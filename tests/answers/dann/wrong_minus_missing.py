"""Scales the gradient and does not turn it round."""

import torch


def reverse_gradient(f, lam):
    """R of (DANN.d8): f of shape (B, ...) and lam, a number or a tensor (B,), in; f's values out."""
    if isinstance(lam, torch.Tensor):
        lam = lam.reshape(-1, *[1] * (f.dim() - 1))  # (B, 1, ..., 1)
    fixed = f.detach()
    # The bracket is exactly 0, and its gradient by f is 1.
    return fixed + lam * (f - fixed)
