"""Mixes the closed form of the divergence with the weights."""

import math


def iwae(log_lik, z, mu, log_var):
    kl = (mu**2 + log_var.exp() - 1 - log_var).sum(dim=1) / 2
    return log_lik.logsumexp(dim=1) - math.log(log_lik.shape[1]) - kl
