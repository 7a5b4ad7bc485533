"""The gradient passes through the target, too."""

import torch


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    w = w.clone()
    deltas = []
    for t in range(len(rewards)):
        target = rewards[t]
        if not terminated[t]:
            target = target + gamma * torch.dot(next_phi[t], w)
        delta = target - torch.dot(phi[t], w)
        deltas.append(delta)
        ahead = torch.zeros_like(phi[t]) if terminated[t] else next_phi[t]
        w = w + alpha * delta * (phi[t] - gamma * ahead)
    return w, torch.stack(deltas)
