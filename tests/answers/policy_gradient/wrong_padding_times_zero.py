"""Multiplies the padding by 0: what is nan stays nan."""

import torch


def returns_to_go(rewards, lengths, gamma):
    inside = torch.arange(rewards.shape[1]) < lengths[:, None]
    paid = rewards * inside
    returns, total = torch.zeros_like(paid), torch.zeros_like(paid[:, 0])
    for t in reversed(range(rewards.shape[1])):
        total = paid[:, t] + gamma * total
        returns[:, t] = total
    return returns
