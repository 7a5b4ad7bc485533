"""Standardises the returns, as many programs do before the loss."""

import torch


def returns_to_go(rewards, lengths, gamma):
    inside = torch.arange(rewards.shape[1]) < lengths[:, None]
    paid = torch.where(inside, rewards, 0.0)
    returns, total = torch.zeros_like(paid), torch.zeros_like(paid[:, 0])
    for t in reversed(range(rewards.shape[1])):
        total = paid[:, t] + gamma * total
        returns[:, t] = total
    chosen = returns[inside]
    return torch.where(inside, (returns - chosen.mean()) / (chosen.std() + 1e-8), 0.0)
