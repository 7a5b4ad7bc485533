"""The mean of the k-step returns, k from 1 to n."""

import torch


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    G = torch.zeros_like(rewards)
    for i in range(len(rewards)):
        L = int(lengths[i])
        for t in range(L):
            for m in range(1, n + 1):
                stop = min(t + m, L)
                total = sum(gamma ** (k - t) * rewards[i, k] for k in range(t, stop))
                if stop < L or not terminated[i]:
                    total = total + gamma ** (stop - t) * values[i, stop]
                G[i, t] += total / n
    return G
