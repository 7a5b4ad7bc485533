"""Goes through probabilities, with 1e-10 in the logarithm."""

import torch


def elbo(x, logits, mu, log_var):
    x, p = x.unsqueeze(1), torch.sigmoid(logits)
    log_p = x * torch.log(p + 1e-10) + (1 - x) * torch.log(1 - p + 1e-10)
    kl = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(dim=1)
    return (log_p.sum(dim=(2, 3)).mean(dim=1) - kl).mean()
