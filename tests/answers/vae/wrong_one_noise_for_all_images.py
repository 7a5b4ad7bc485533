"""The noise has no axis for the images."""

import torch


def reparameterise(mu, log_var, k, generator):
    m = mu.shape[1]
    eps = torch.randn(k, m, generator=generator, dtype=mu.dtype)
    sigma = torch.exp(log_var / 2)
    return mu.unsqueeze(1) + sigma.unsqueeze(1) * eps
