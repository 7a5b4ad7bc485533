"""Monte Carlo: least squares of the returns."""

import torch


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    d = phi.shape[1]
    A, b = phi.new_zeros(d, d), phi.new_zeros(d)
    G = 0.0
    for t in reversed(range(len(rewards))):
        G = rewards[t] + (0.0 if terminated[t] else gamma * G)
        A += torch.outer(phi[t], phi[t])
        b += G * phi[t]
    return torch.linalg.solve(A, b)
