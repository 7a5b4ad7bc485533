"""Standardises the weights, as many programs do."""

import torch


def surrogate_loss(logits, actions, returns, values, lengths):
    inside = torch.arange(logits.shape[1]) < lengths[:, None]
    weights = torch.where(inside, (returns - values).detach(), 0.0)
    kept = weights[inside]
    weights = torch.where(inside, (weights - kept.mean()) / (kept.std(correction=0) + 1e-8), 0.0)
    log_pi = logits.log_softmax(dim=2).gather(2, actions[..., None])[..., 0]
    return -(weights * log_pi).sum(dim=1).mean()
