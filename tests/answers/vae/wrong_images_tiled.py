"""Repeats the batch k times in a row, where each image should be repeated: other pairs."""

import torch


def elbo(x, logits, mu, log_var):
    x = x.repeat(logits.shape[1], 1, 1).reshape(logits.shape)
    log_p = x * logits - torch.nn.functional.softplus(logits)
    kl = (mu.square() + log_var.exp() - 1 - log_var).sum(dim=1) / 2
    return (log_p.sum(dim=(2, 3)).mean(dim=1) - kl).mean()
