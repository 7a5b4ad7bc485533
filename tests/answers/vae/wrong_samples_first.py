"""Puts the samples before the images."""

import torch


def reparameterise(mu, log_var, k, generator):
    batch, m = mu.shape
    eps = torch.randn(batch, k, m, generator=generator, dtype=mu.dtype)
    sigma = torch.exp(log_var / 2)
    return (mu.unsqueeze(1) + sigma.unsqueeze(1) * eps).transpose(0, 1)
