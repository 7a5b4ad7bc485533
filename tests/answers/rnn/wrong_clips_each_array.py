"""Every array is clipped by its own norm."""

import numpy as np


def clip_by_norm(gradients, limit):
    norm = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients)))
    if not np.isfinite(norm):
        return [np.zeros_like(g) for g in gradients], norm
    norms = [np.linalg.norm(g.astype(np.float64).ravel()) for g in gradients]
    return [g * min(1, limit / max(n, 1e-300)) for g, n in zip(gradients, norms, strict=True)], norm
