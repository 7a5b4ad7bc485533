"""Only the array with the bad entry is set to zero, the others stay."""

import numpy as np


def clip_by_norm(gradients, limit):
    norm = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients)))
    good = [g if np.isfinite(g).all() else np.zeros_like(g) for g in gradients]
    rest = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in good)))
    scale = limit / rest if rest > limit else 1.0
    return [g * scale for g in good], norm
