"""Clips lambda to 1."""

import torch


def reverse_gradient(f, lam):
    """R of (DANN.d8): f of shape (B, ...) and lam, a number or a tensor (B,), in; f's values out."""
    if isinstance(lam, torch.Tensor):
        lam = lam.reshape(-1, *[1] * (f.dim() - 1))  # (B, 1, ..., 1)
    lam = min(lam, 1.0) if isinstance(lam, float | int) else lam.clamp(max=1.0)
    fixed = f.detach()
    # The bracket is exactly 0, and its gradient by f is 1.
    return fixed - lam * (f - fixed)
