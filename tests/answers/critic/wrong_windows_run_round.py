"""Rolled arrays: behind the last step comes the first."""

import torch


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    inside = torch.arange(rewards.shape[1]) < lengths[:, None]
    r = rewards.where(inside, torch.zeros_like(rewards))
    v = values.nan_to_num()
    v[terminated, lengths[terminated]] = 0
    G = sum(gamma**k * r.roll(-k, 1) for k in range(n)) + gamma**n * v.roll(-n, 1)[:, :-1]
    return G.where(inside, torch.zeros_like(G))
