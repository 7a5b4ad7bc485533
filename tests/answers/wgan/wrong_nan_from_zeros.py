"""A weight of zeros is divided by 0."""

import torch


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        matrix = weight.reshape(len(weight), -1)
        for _ in range(steps):
            v = matrix.T @ u
            v = v / v.norm()
            u = matrix @ v
            u = u / u.norm()
    sigma = u @ weight.reshape(len(weight), -1) @ v
    return weight / sigma, u
