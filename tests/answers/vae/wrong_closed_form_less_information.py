"""The misfit as the rate in closed form less the estimate of the information."""

import math

import torch
from torch.distributions import Normal


def split_rate(z, mu, log_var):
    every = Normal(mu, torch.exp(log_var / 2)).log_prob(z[:, :, None]).sum(dim=-1)
    shares = every.log_softmax(dim=-1).diagonal(dim1=0, dim2=2)
    information = shares.mean() + math.log(len(mu))
    rate = (mu**2 + log_var.exp() - 1 - log_var).sum(dim=1).mean() / 2
    return information, rate - information
