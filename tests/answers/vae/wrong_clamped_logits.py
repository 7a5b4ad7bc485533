"""Finite values by clamping the logits."""

import torch


def elbo(x, logits, mu, log_var):
    logits = logits.clamp(-30, 30)
    log_p = x.unsqueeze(1) * logits - torch.nn.functional.softplus(logits)
    kl = (mu.square() + log_var.exp() - 1 - log_var).sum(dim=1) / 2
    return (log_p.sum(dim=(2, 3)).mean(dim=1) - kl).mean()
