"""The value behind a real end counts; nan taken for 0."""

import torch


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    G = torch.zeros_like(rewards)
    for i in range(len(rewards)):
        L = int(lengths[i])
        for t in range(L):
            stop = min(t + n, L)
            total = sum(gamma ** (k - t) * rewards[i, k] for k in range(t, stop))
            total = total + gamma ** (stop - t) * values[i, stop].nan_to_num()
            G[i, t] = total
    return G
