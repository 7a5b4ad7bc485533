"""Computes in float32, whatever comes in."""

import math

import torch


def iwae(log_lik, z, mu, log_var):
    log_lik, z, mu, log_var = (tensor.float() for tensor in (log_lik, z, mu, log_var))
    mu, log_var = mu.unsqueeze(1), log_var.unsqueeze(1)
    difference = ((z - mu).square() * torch.exp(-log_var) + log_var - z.square()) / 2
    log_w = log_lik + difference.sum(dim=2)
    return log_w.logsumexp(dim=1) - math.log(log_w.shape[1])
