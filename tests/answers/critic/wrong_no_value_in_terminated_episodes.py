"""Episodes that terminate have no values at all."""

import torch


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    G = torch.zeros_like(rewards)
    for i in range(len(rewards)):
        L = int(lengths[i])
        for t in range(L):
            stop = min(t + n, L)
            total = sum(gamma ** (k - t) * rewards[i, k] for k in range(t, stop))
            if not terminated[i]:
                total = total + gamma ** (stop - t) * values[i, stop]
            G[i, t] = total
    return G
