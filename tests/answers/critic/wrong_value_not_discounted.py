"""The value at full size."""

import torch


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    G = torch.zeros_like(rewards)
    for i in range(len(rewards)):
        L = int(lengths[i])
        for t in range(L):
            stop = min(t + n, L)
            total = sum(gamma ** (k - t) * rewards[i, k] for k in range(t, stop))
            if stop < L or not terminated[i]:
                total = total + values[i, stop]
            G[i, t] = total
    return G
