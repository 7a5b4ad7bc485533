"""Every second sample is the mirror image of the one before: not independent."""

import torch


def reparameterise(mu, log_var, k, generator):
    batch, m = mu.shape
    eps = torch.randn(batch, k, m, generator=generator, dtype=mu.dtype)
    eps = torch.stack([eps, -eps], dim=2).flatten(1, 2)[:, :k]
    sigma = torch.exp(log_var / 2)
    return mu.unsqueeze(1) + sigma.unsqueeze(1) * eps
