"""1e-4 added to sigma saves the zeros and spoils the rest."""

import torch


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        matrix = weight.reshape(len(weight), -1)
        for _ in range(steps):
            v = matrix.T @ u
            v = v / (v.norm() + 1e-4)
            u = matrix @ v
            u = u / (u.norm() + 1e-4)
    sigma = u @ weight.reshape(len(weight), -1) @ v
    return weight / (sigma + 1e-4), u
