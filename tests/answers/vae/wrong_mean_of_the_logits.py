"""One likelihood of the mean of the logits, in place of the mean of the likelihoods."""

import torch


def elbo(x, logits, mu, log_var):
    logits = logits.mean(dim=1)
    log_p = -torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
    kl = (mu**2 + log_var.exp() - 1 - log_var).sum(dim=1) / 2
    return (log_p.sum(dim=(1, 2)) - kl).mean()
