"""Moves the weights that it was given."""

import torch


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    deltas = []
    for t in range(len(rewards)):
        target = rewards[t]
        if not terminated[t]:
            target = target + gamma * torch.dot(next_phi[t], w)
        delta = target - torch.dot(phi[t], w)
        deltas.append(delta)
        w += alpha * delta * phi[t]
    return w, torch.stack(deltas)
