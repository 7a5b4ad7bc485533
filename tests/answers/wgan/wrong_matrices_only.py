"""Convolutions are flattened from the wrong side."""

import torch


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        if not weight.any():
            return weight.clone(), u.clone()
        for _ in range(steps):
            v = weight.T @ u
            v = v / v.norm()
            u = weight @ v
            u = u / u.norm()
    return weight / (u @ weight @ v), u
