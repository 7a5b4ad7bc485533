"""Values the state behind an end, with nan taken for 0."""

import torch


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    w = w.clone()
    deltas = []
    for t in range(len(rewards)):
        target = rewards[t]
        target = target + gamma * torch.dot(next_phi[t].nan_to_num(), w)
        delta = target - torch.dot(phi[t], w)
        deltas.append(delta)
        w = w + alpha * delta * phi[t]
    return w, torch.stack(deltas)
