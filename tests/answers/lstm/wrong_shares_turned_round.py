"""The shares begin with the last candidate."""

import torch


def coupled_lstm(x, h0, c0, W, U, b):
    """States (B, T, H) of a cell with coupled gates, and the shares (B, T + 1, H) of its last cell."""
    h, c, states = h0, c0, []
    shares = [torch.ones_like(c0)]
    for x_t in x.unbind(dim=1):
        f, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in (0, 1))
        g = torch.tanh(x_t @ W[2].T + h @ U[2].T + b[2])
        c = f * c + (1 - f) * g
        h = o * torch.tanh(c)
        states.append(h)
        shares = [f * share for share in shares] + [1 - f]  # whatever was there fades
    return torch.stack(states, dim=1), torch.stack(shares[::-1], dim=1)
