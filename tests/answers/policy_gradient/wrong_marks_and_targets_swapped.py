"""Gives the marks first."""

import torch


def targets(rewards, terminated, truncated, next_values, gamma):
    over = terminated | truncated
    real = torch.ones_like(over)
    real[:, 1:] = ~over[:, :-1]
    y = torch.zeros_like(rewards)
    future = next_values[:, -1]
    for t in reversed(range(rewards.shape[1])):
        future = torch.where(truncated[:, t], next_values[:, t], future)
        future = torch.where(terminated[:, t], 0.0, future)
        y[:, t] = torch.where(real[:, t], rewards[:, t] + gamma * future, 0.0)
        future = y[:, t]
    return real, y
