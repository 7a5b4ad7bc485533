"""Twenty thousand passes with one step size, which do not arrive everywhere."""

import torch


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    d = phi.shape[1]
    A, b = phi.new_zeros(d, d), phi.new_zeros(d)
    for t in range(len(rewards)):
        ahead = torch.zeros_like(phi[t]) if terminated[t] else next_phi[t]
        A += torch.outer(phi[t], phi[t] - gamma * ahead)
        b += rewards[t] * phi[t]
    w = torch.zeros_like(b)
    for _ in range(20000):
        w = w + 0.02 * (b - A @ w)
    return w
