"""All TD errors with the weights at the start."""

import torch


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    v = w.clone()
    deltas = []
    for t in range(len(rewards)):
        target = rewards[t]
        if not terminated[t]:
            target = target + gamma * torch.dot(next_phi[t], v)
        delta = target - torch.dot(phi[t], v)
        deltas.append(delta)
        w = w + alpha * delta * phi[t]
    return w, torch.stack(deltas)
