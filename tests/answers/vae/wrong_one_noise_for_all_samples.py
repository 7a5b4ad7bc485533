"""All samples of a code are the same."""

import torch


def reparameterise(mu, log_var, k, generator):
    batch, m = mu.shape
    eps = torch.randn(batch, 1, m, generator=generator, dtype=mu.dtype)
    sigma = torch.exp(log_var / 2)
    return (mu.unsqueeze(1) + sigma.unsqueeze(1) * eps).expand(batch, k, m)
