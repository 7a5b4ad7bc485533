"""Only inf is looked for: nan goes through."""

import numpy as np


def clip_by_norm(gradients, limit):
    norm = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients)))
    if np.isinf(norm):
        return [np.zeros_like(g) for g in gradients], norm
    if norm <= limit:
        return [g.copy() for g in gradients], norm
    return [g * (limit / norm) for g in gradients], norm
