"""The next state valued with the weights at the start, as with a target network."""

import torch


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    start = w.clone()
    deltas = []
    for t in range(len(rewards)):
        target = rewards[t]
        if not terminated[t]:
            target = target + gamma * torch.dot(next_phi[t], start)
        delta = target - torch.dot(phi[t], w)
        deltas.append(delta)
        w = w + alpha * delta * phi[t]
    return w, torch.stack(deltas)
