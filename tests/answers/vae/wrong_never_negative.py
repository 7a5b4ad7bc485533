"""Clamps the estimates at 0, since divergences are never negative: now they are biased."""

import math

import torch


def split_rate(z, mu, log_var):
    Normal = torch.distributions.Normal
    sigma = torch.exp(log_var / 2)
    own = Normal(mu[:, None], sigma[:, None]).log_prob(z).sum(dim=-1)
    every = Normal(mu, sigma).log_prob(z[:, :, None, :]).sum(dim=-1)
    aggregate = every.logsumexp(dim=-1) - math.log(len(mu))
    prior = Normal(0.0, 1.0).log_prob(z).sum(dim=-1)
    return (own - aggregate).mean().clamp(min=0), (aggregate - prior).mean().clamp(min=0)
