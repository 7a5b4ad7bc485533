"""Least squares of the rewards."""

import torch


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    d = phi.shape[1]
    A, b = phi.new_zeros(d, d), phi.new_zeros(d)
    for t in range(len(rewards)):
        A += torch.outer(phi[t], phi[t])
        b += rewards[t] * phi[t]
    return torch.linalg.solve(A, b)
