"""Draws from torch's own generator."""

import torch


def reparameterise(mu, log_var, k, generator):
    mu, log_var = mu[:, None].expand(-1, k, -1), log_var[:, None].expand(-1, k, -1)
    return mu + torch.exp(log_var / 2) * torch.randn_like(mu)
