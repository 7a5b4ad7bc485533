"""A minus as in gradient descent, before a δ that has its own."""

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
        w = w - alpha * delta * phi[t]
    return w, torch.stack(deltas)
