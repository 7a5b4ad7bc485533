"""Reshapes with view, which fails on a transposed tensor."""

import torch


def elbo(x, logits, mu, log_var):
    B, k = logits.shape[:2]
    x, logits = x.view(B, 1, -1), logits.view(B, k, -1)
    log_p = x * logits - torch.nn.functional.softplus(logits)
    kl = (mu**2 + log_var.exp() - 1 - log_var).sum(dim=1) / 2
    return (log_p.sum(dim=2).mean(dim=1) - kl).mean()
