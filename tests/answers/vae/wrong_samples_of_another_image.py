"""Pairs samples and codes along the wrong axis where there are as many of one as of the other."""

import math

import torch


def split_rate(z, mu, log_var):
    Normal = torch.distributions.Normal
    sigma = torch.exp(log_var / 2)
    square = z.shape[1] == len(mu)
    q = Normal(mu, sigma) if square else Normal(mu[:, None], sigma[:, None])
    own = q.log_prob(z).sum(dim=-1)
    every = Normal(mu, sigma).log_prob(z[:, :, None, :]).sum(dim=-1)
    aggregate = every.logsumexp(dim=-1) - math.log(len(mu))
    prior = Normal(0.0, 1.0).log_prob(z).sum(dim=-1)
    return (own - aggregate).mean(), (aggregate - prior).mean()
