"""Noise of the right variance from the wrong distribution."""

import torch


def reparameterise(mu, log_var, k, generator):
    batch, m = mu.shape
    eps = (2 * torch.rand(batch, k, m, generator=generator, dtype=mu.dtype) - 1) * 3**0.5
    sigma = torch.exp(log_var / 2)
    return mu.unsqueeze(1) + sigma.unsqueeze(1) * eps
