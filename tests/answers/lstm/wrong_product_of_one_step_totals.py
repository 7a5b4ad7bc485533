"""The Jacobians of single steps are multiplied, but the output gate depends on more than the cell before."""

import torch


def memory_jacobian(x, h0, c0, W, U, b):
    """Jacobian of the last cell by the first: the direct path's diagonal (B, H), and the whole (B, H, H)."""
    start = c0.detach().clone().requires_grad_()
    h, c, direct = h0, c0, torch.ones_like(c0)
    o, total = torch.zeros_like(c0), torch.eye(c0.shape[1], dtype=c0.dtype).expand(*c0.shape, -1)
    for t, x_t in enumerate(x.unbind(dim=1)):
        start = c.detach().clone().requires_grad_()
        c, h = start, o.detach() * torch.tanh(start) if t else h0
        f, i, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in range(3))
        g = torch.tanh(x_t @ W[3].T + h @ U[3].T + b[3])
        c = f * c + i * g
        h = o * torch.tanh(c)
        direct = direct * f.detach()
        rows = [torch.autograd.grad(c[:, j].sum(), start, retain_graph=True)[0] for j in range(c.shape[1])]
        total = torch.stack(rows, dim=1) @ total
    return direct, total
