"""Sums the rewards that came before, in place of those that follow."""

import torch


def returns_to_go(rewards, lengths, gamma):
    inside = torch.arange(rewards.shape[1]) < lengths[:, None]
    paid = torch.where(inside, rewards, 0.0)
    returns, total = torch.zeros_like(paid), torch.zeros_like(paid[:, 0])
    for t in range(rewards.shape[1]):
        total = paid[:, t] + gamma * total
        returns[:, t] = total
    return torch.where(inside, returns, 0.0)
