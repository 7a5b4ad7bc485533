"""Cuts the noise off at two standard deviations."""

import torch


def reparameterise(mu, log_var, k, generator):
    batch, m = mu.shape
    eps = torch.randn(batch, k, m, generator=generator, dtype=mu.dtype)
    eps = eps.clamp(-2, 2)
    sigma = torch.exp(log_var / 2)
    return mu.unsqueeze(1) + sigma.unsqueeze(1) * eps
