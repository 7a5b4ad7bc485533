"""Sums over the images that samples come from, where it should over the codes."""

import math

import torch


def split_rate(z, mu, log_var):
    B = len(mu)
    d = torch.distributions.Normal(mu, (log_var / 2).exp())
    lq = d.log_prob(z.permute(1, 0, 2)[:, :, None]).sum(-1)  # k, i, j
    own = torch.diagonal(lq, dim1=1, dim2=2)
    agg = lq.logsumexp(1) - math.log(B)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1).T
    return (own - agg).mean(), (agg - prior).mean()
