"""Adds 1e-6 to the covariances, so that nothing can be singular."""

import torch
from torch.distributions import MultivariateNormal, kl_divergence


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    jitter = 1e-6 * torch.eye(len(mu_p), dtype=mu_p.dtype)
    q = MultivariateNormal(mu_q, L_q @ L_q.mT + jitter)
    return kl_divergence(q, MultivariateNormal(mu_p, L_p @ L_p.T + jitter))
