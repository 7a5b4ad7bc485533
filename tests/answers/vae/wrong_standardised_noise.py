"""Shifts and scales the noise of a call to mean 0 and deviation 1: its entries go together."""

import torch


def reparameterise(mu, log_var, k, generator):
    eps = torch.randn(len(mu), k, mu.shape[1], dtype=mu.dtype, generator=generator)
    if eps.numel() > 1:
        eps = (eps - eps.mean()) / eps.std()
    return mu[:, None] + torch.exp(log_var / 2)[:, None] * eps
