"""Seeds the given generator at every call."""

import torch


def reparameterise(mu, log_var, k, generator):
    generator.manual_seed(generator.initial_seed())
    batch, m = mu.shape
    eps = torch.randn(batch, k, m, generator=generator, dtype=mu.dtype)
    sigma = torch.exp(log_var / 2)
    return mu.unsqueeze(1) + sigma.unsqueeze(1) * eps
