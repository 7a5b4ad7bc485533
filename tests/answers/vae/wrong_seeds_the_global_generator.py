"""Seeds torch's generator with the seed of the given one, and starts over at every call."""

import torch


def reparameterise(mu, log_var, k, generator):
    torch.manual_seed(generator.initial_seed())
    return torch.distributions.Normal(mu, torch.exp(log_var / 2)).rsample((k,)).transpose(0, 1)
