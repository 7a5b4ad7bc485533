"""`view` on a tensor that is a view of another one."""

import torch


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        matrix = weight.view(len(weight), -1)
        if not matrix.any():
            return weight.clone(), u.clone()
        for _ in range(steps):
            v = matrix.T @ u
            v = v / v.norm()
            u = matrix @ v
            u = u / u.norm()
    sigma = u @ weight.view(len(weight), -1) @ v
    return weight / sigma, u
