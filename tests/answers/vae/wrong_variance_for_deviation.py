"""z = mu + sigma² eps, as a well-known lecture has it."""

import torch


def reparameterise(mu, log_var, k, generator):
    batch, m = mu.shape
    eps = torch.randn(batch, k, m, generator=generator, dtype=mu.dtype)
    sigma = torch.exp(log_var)
    return mu.unsqueeze(1) + sigma.unsqueeze(1) * eps
