"""Skips the transitions that end an episode."""

import torch


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    d = phi.shape[1]
    A, b = phi.new_zeros(d, d), phi.new_zeros(d)
    for t in range(len(rewards)):
        if terminated[t]:
            continue
        ahead = next_phi[t]
        A += torch.outer(phi[t], phi[t] - gamma * ahead)
        b += rewards[t] * phi[t]
    return torch.linalg.solve(A, b)
