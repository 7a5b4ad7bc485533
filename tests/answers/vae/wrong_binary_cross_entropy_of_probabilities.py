"""PyTorch's loss of probabilities, which clamps its logarithms at -100."""

import torch
import torch.nn.functional as F


def elbo(x, logits, mu, log_var):
    B, k = logits.shape[:2]
    target = x.unsqueeze(1).expand_as(logits)
    bce = F.binary_cross_entropy(torch.sigmoid(logits), target, reduction="sum") / k
    kld = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return -(bce + kld) / B
