"""The shares as ratios of products of gates from the start, with a small constant against 0/0."""

import torch


def coupled_lstm(x, h0, c0, W, U, b):
    h, c, states, gates = h0, c0, [], []
    for x_t in x.unbind(dim=1):
        f, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in (0, 1))
        c = f * c + (1 - f) * torch.tanh(x_t @ W[2].T + h @ U[2].T + b[2])
        h = o * torch.tanh(c)
        states.append(h)
        gates.append(f)
    f = torch.stack(gates, dim=1)
    left = f.cumprod(dim=1)
    shares = (1 - f) * left[:, -1:] / (left + 1e-300)
    return torch.stack(states, dim=1), torch.cat([left[:, -1:], shares], dim=1)
