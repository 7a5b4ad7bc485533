"""No gradient through the peepholes and gates' view of the cell, as in the first papers."""

import torch


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    a = [x_t @ W[k].T + h_prev @ U[k].T + b[k] for k in range(4)]
    f = torch.sigmoid(a[0] + p[0] * c_prev.detach())
    i = torch.sigmoid(a[1] + p[1] * c_prev.detach())
    c = f * c_prev + i * torch.tanh(a[3])
    o = torch.sigmoid(a[2] + p[2] * c.detach())
    return o * torch.tanh(c), c
