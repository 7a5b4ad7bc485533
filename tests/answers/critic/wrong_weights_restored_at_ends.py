"""Starts from the first weights again where an episode has ended."""

import torch


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    start = w
    deltas = []
    for t in range(len(rewards)):
        target = rewards[t]
        if not terminated[t]:
            target = target + gamma * torch.dot(next_phi[t], w)
        delta = target - torch.dot(phi[t], w)
        deltas.append(delta)
        w = start if terminated[t] else w + alpha * delta * phi[t]
    return w, torch.stack(deltas)
