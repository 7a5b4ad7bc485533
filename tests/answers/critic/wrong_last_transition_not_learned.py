"""The loop stops one transition too early."""

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
        if t < len(rewards) - 1:
            w = w + alpha * delta * phi[t]
    return w, torch.stack(deltas)
