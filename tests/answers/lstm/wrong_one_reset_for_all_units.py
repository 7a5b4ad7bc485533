"""After the product, the reset gates are averaged over the units."""

import torch


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    u, r = (torch.sigmoid(x_t @ W[k].T + h_prev @ U[k].T + b[k]) for k in (0, 1))
    driven = x_t @ W[2].T + b[2]
    before = torch.tanh(driven + (r * h_prev) @ U[2].T + b_prime)
    after = torch.tanh(driven + r.mean(dim=1, keepdim=True) * (h_prev @ U[2].T + b_prime))
    return h_prev + u * (before - h_prev), h_prev + u * (after - h_prev)
