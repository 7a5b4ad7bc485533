"""Bootstraps past a real end; nan taken for 0."""

import torch


def advantages(rewards, values, terminated, truncated, gamma, lam):
    N, T = rewards.shape
    A, y = torch.zeros_like(rewards), torch.zeros_like(rewards)
    for n in range(N):
        after = 0.0
        for t in reversed(range(T)):
            over = terminated[n, t] or truncated[n, t]
            if t > 0 and (terminated[n, t - 1] or truncated[n, t - 1]):
                after = 0.0
                continue
            worth = values[n, t + 1].nan_to_num()
            delta = rewards[n, t] + gamma * worth - values[n, t]
            after = delta if over else delta + gamma * lam * after
            A[n, t] = after
            y[n, t] = after + values[n, t]
    return A, y
