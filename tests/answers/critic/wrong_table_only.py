"""The largest feature says which state it is."""

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
        w = w.clone()
        w[phi[t].argmax()] += alpha * delta
    return w, torch.stack(deltas)
