"""Squares overflow where the arrays are float32, and the step is skipped."""

import numpy as np


def clip_by_norm(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    if not np.isfinite(norm):
        return [np.zeros_like(g) for g in gradients], norm
    scale = limit / norm if norm > limit else 1.0
    return [g * scale for g in gradients], norm
