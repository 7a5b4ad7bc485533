"""The mean over pixels, the sum over latent variables: a beta-VAE by accident."""

import torch


def elbo(x, logits, mu, log_var):
    log_p = x.unsqueeze(1) * logits - torch.nn.functional.softplus(logits)
    kl = (mu.square() + log_var.exp() - 1 - log_var).sum(dim=1) / 2
    return (log_p.mean(dim=(2, 3)).mean(dim=1) - kl).mean()
