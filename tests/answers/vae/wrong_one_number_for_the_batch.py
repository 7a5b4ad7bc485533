"""The mean over the batch, where each image has a bound."""

import math

import torch


def iwae(log_lik, z, mu, log_var):
    mu, log_var = mu.unsqueeze(1), log_var.unsqueeze(1)
    difference = ((z - mu).square() * torch.exp(-log_var) + log_var - z.square()) / 2
    log_w = log_lik + difference.sum(dim=2)
    return (log_w.logsumexp(dim=1) - math.log(log_w.shape[1])).mean()
