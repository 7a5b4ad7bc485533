"""Averages likelihoods, not their logarithms."""

import math

import torch


def elbo(x, logits, mu, log_var):
    ll = (x[:, None] * logits - torch.nn.functional.softplus(logits)).sum((2, 3))
    return (ll.logsumexp(1) - math.log(ll.shape[1])).mean() - (0.5 * (mu**2 + log_var.exp() - 1 - log_var)).sum(
        -1
    ).mean()
