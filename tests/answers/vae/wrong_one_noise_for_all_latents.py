"""The noise has no axis for the latent variables."""

import torch


def reparameterise(mu, log_var, k, generator):
    batch = len(mu)
    eps = torch.randn(batch, k, 1, generator=generator, dtype=mu.dtype)
    sigma = torch.exp(log_var / 2)
    return mu.unsqueeze(1) + sigma.unsqueeze(1) * eps
