"""Averages the weights over the images, too."""

import math

import torch


def iwae(log_lik, z, mu, log_var):
    mu, log_var = mu.unsqueeze(1), log_var.unsqueeze(1)
    difference = ((z - mu).square() * torch.exp(-log_var) + log_var - z.square()) / 2
    log_w = log_lik + difference.sum(dim=2)
    return (log_w.flatten().logsumexp(dim=0) - math.log(log_w.numel())).expand(len(log_w))
