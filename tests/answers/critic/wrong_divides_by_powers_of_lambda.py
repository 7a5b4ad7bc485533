"""Sums weighted from the front, then divided by powers of γλ."""

import torch


def advantages(rewards, values, terminated, truncated, gamma, lam):
    N, T = rewards.shape
    A, y = torch.zeros_like(rewards), torch.zeros_like(rewards)
    for n in range(N):
        after, x = 0.0, gamma * lam
        for t in reversed(range(T)):
            over = terminated[n, t] or truncated[n, t]
            if t > 0 and (terminated[n, t - 1] or truncated[n, t - 1]):
                after, x = 0.0, gamma * lam
                continue
            worth = 0.0 if terminated[n, t] else values[n, t + 1]
            delta = rewards[n, t] + gamma * worth - values[n, t]
            after = delta * x**t if over else delta * x**t + after
            A[n, t] = after / x**t
            y[n, t] = A[n, t] + values[n, t]
    return A, y
