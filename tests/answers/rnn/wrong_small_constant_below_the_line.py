"""A constant below the line, against a division by zero, makes the clipped gradient too short."""

import numpy as np


def clip_by_norm(gradients, limit):
    norm = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients)))
    if not np.isfinite(norm):
        return [np.zeros_like(g) for g in gradients], norm
    return [g * (limit / (norm + 1e-2)) if norm > limit else g for g in gradients], norm
