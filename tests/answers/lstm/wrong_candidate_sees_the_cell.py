"""The candidate has a peephole, too: that of the input gate."""

import torch


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    """(h_t, c_t) of a cell with peepholes, each (B, H)."""
    a_f, a_i, a_o, a_g = (x_t @ W[k].T + h_prev @ U[k].T + b[k] for k in range(4))
    f = torch.sigmoid(a_f + p[0] * c_prev)
    i = torch.sigmoid(a_i + p[1] * c_prev)
    c = f * c_prev + i * torch.tanh(a_g + p[1] * c_prev)
    o = torch.sigmoid(a_o + p[2] * c)  # the new cell
    return o * torch.tanh(c), c
