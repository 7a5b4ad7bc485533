"""sigma with the u from before the last half step."""

import torch


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        matrix = weight.reshape(len(weight), -1)
        if not matrix.any():
            return weight.clone(), u.clone()
        for _ in range(steps):
            old = u / u.norm()
            v = matrix.T @ old
            v = v / v.norm()
            u = matrix @ v
            u = u / u.norm()
    sigma = old @ weight.reshape(len(weight), -1) @ v
    return weight / sigma, u
