"""The reset gate shrinks the input's part, too."""

import torch


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    """h_t with the reset before, and after, the product with U: a pair of (B, H)."""
    u, r = (torch.sigmoid(x_t @ W[k].T + h_prev @ U[k].T + b[k]) for k in (0, 1))
    driven = x_t @ W[2].T + b[2]
    before = torch.tanh(driven + (r * h_prev) @ U[2].T + b_prime)
    after = torch.tanh(r * (driven + h_prev @ U[2].T + b_prime))
    return (1 - u) * h_prev + u * before, (1 - u) * h_prev + u * after
