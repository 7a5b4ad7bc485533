"""Takes the mixture for the Gaussian of its mean and variance."""

import torch
from torch.distributions import Normal


def split_rate(z, mu, log_var):
    own = Normal(mu[:, None], torch.exp(log_var / 2)[:, None]).log_prob(z).sum(dim=-1)
    var = (log_var.exp() + mu**2).mean(dim=0) - mu.mean(dim=0) ** 2
    aggregate = Normal(mu.mean(dim=0), var.sqrt()).log_prob(z).sum(dim=-1)
    return (own - aggregate).mean(), (aggregate - Normal(0.0, 1.0).log_prob(z).sum(dim=-1)).mean()
