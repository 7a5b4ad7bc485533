"""Takes everything that is nan for padding, and all else for rewards."""

import torch


def returns_to_go(rewards, lengths, gamma):
    paid = rewards.nan_to_num(0.0)
    returns, total = torch.zeros_like(paid), torch.zeros_like(paid[:, 0])
    for t in reversed(range(rewards.shape[1])):
        total = paid[:, t] + gamma * total
        returns[:, t] = total
    return returns
