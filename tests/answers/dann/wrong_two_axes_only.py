"""One new axis, as if features had no others."""

import torch


def reverse_gradient(f, lam):
    """R of (DANN.d8): f of shape (B, ...) and lam, a number or a tensor (B,), in; f's values out."""
    if isinstance(lam, torch.Tensor):
        lam = lam[:, None]
    fixed = f.detach()
    # The bracket is exactly 0, and its gradient by f is 1.
    return fixed - lam * (f - fixed)
