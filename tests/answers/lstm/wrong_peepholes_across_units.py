"""The peepholes are summed over the units: every gate sees all cells."""

import torch


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    """(h_t, c_t) of a cell with peepholes, each (B, H)."""
    a_f, a_i, a_o, a_g = (x_t @ W[k].T + h_prev @ U[k].T + b[k] for k in range(4))
    f = torch.sigmoid(a_f + (c_prev @ p[0])[:, None])
    i = torch.sigmoid(a_i + (c_prev @ p[1])[:, None])
    c = f * c_prev + i * torch.tanh(a_g)
    o = torch.sigmoid(a_o + (c @ p[2])[:, None])
    return o * torch.tanh(c), c
