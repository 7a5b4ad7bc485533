"""Takes the largest log-weight out by hand: -inf minus -inf."""

import torch


def iwae(log_lik, z, mu, log_var):
    mu, log_var = mu.unsqueeze(1), log_var.unsqueeze(1)
    difference = ((z - mu).square() * torch.exp(-log_var) + log_var - z.square()) / 2
    log_w = log_lik + difference.sum(dim=2)
    top = log_w.amax(dim=1, keepdim=True)
    return (log_w - top).exp().mean(dim=1).log() + top.squeeze(1)
