"""Short gradients are made longer, up to the limit."""

import numpy as np


def clip_by_norm(gradients, limit):
    norm = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients)))
    if not np.isfinite(norm):
        return [np.zeros_like(g) for g in gradients], norm
    return [g * (limit / norm) if norm > 0 else g for g in gradients], norm
