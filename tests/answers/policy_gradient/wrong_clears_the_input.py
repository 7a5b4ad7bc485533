"""Clears the padding in the rewards themselves."""

import torch


def returns_to_go(rewards, lengths, gamma):
    rewards[torch.arange(rewards.shape[1]) >= lengths[:, None]] = 0.0
    returns, total = torch.zeros_like(rewards), 0.0
    for t in reversed(range(rewards.shape[1])):
        total = rewards[:, t] + gamma * total
        returns[:, t] = total
    return returns
