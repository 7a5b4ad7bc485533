"""The norm after clipping is returned."""

import numpy as np


def clip_by_norm(gradients, limit):
    norm = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients)))
    if not np.isfinite(norm):
        return [np.zeros_like(g) for g in gradients], norm
    scale = limit / norm if norm > limit else 1.0
    return [g * scale for g in gradients], norm * scale
