"""u is updated in place."""

import torch


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        matrix = weight.reshape(len(weight), -1)
        if not matrix.any():
            return weight.clone(), u.clone()
        for _ in range(steps):
            v = matrix.T @ u
            v = v / v.norm()
            u.copy_(matrix @ v)
            u /= u.norm()
    sigma = u @ weight.reshape(len(weight), -1) @ v
    return weight / sigma, u
