"""The product stops one step early."""

import torch


def memory_jacobian(x, h0, c0, W, U, b):
    """Jacobian of the last cell by the first: the direct path's diagonal (B, H), and the whole (B, H, H)."""
    start = c0.detach().clone().requires_grad_()
    h, c, direct = h0, start, torch.ones_like(c0)
    for x_t in x[:, :-1].unbind(dim=1):
        f, i, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in range(3))
        g = torch.tanh(x_t @ W[3].T + h @ U[3].T + b[3])
        c = f * c + i * g
        h = o * torch.tanh(c)
        direct = direct * f.detach()
    # Sequences do not touch each other: one gradient of a sum over the batch gives a row for each.
    rows = [torch.autograd.grad(c[:, j].sum(), start, retain_graph=True)[0] for j in range(c.shape[1])]
    return direct, torch.stack(rows, dim=1)
