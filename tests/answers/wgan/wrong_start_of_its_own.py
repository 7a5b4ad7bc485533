"""A start of its own in place of the given one: right only after many steps."""

import torch


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        matrix = weight.reshape(len(weight), -1)
        if not matrix.any():
            return weight.clone(), u.clone()
        u = torch.ones_like(u)
        for _ in range(steps):
            v = matrix.T @ u
            v = v / v.norm()
            u = matrix @ v
            u = u / u.norm()
    sigma = u @ weight.reshape(len(weight), -1) @ v
    return weight / sigma, u
