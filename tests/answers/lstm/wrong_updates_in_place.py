"""The cell is updated in place, which the caller's tensor feels, and autograd."""

import torch


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    """(h_t, c_t) of a cell with peepholes, each (B, H)."""
    a_f, a_i, a_o, a_g = (x_t @ W[k].T + h_prev @ U[k].T + b[k] for k in range(4))
    f = torch.sigmoid(a_f + p[0] * c_prev)
    i = torch.sigmoid(a_i + p[1] * c_prev)
    c = c_prev
    c *= f
    c += i * torch.tanh(a_g)
    o = torch.sigmoid(a_o + p[2] * c)  # the new cell
    return o * torch.tanh(c), c


def coupled_lstm(x, h0, c0, W, U, b):
    """States (B, T, H) of a cell with coupled gates, and the shares (B, T + 1, H) of its last cell."""
    h, c, states = h0, c0, []
    shares = [torch.ones_like(c0)]
    for x_t in x.unbind(dim=1):
        f, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in (0, 1))
        g = torch.tanh(x_t @ W[2].T + h @ U[2].T + b[2])
        c *= f
        c += (1 - f) * g
        h = o * torch.tanh(c)
        states.append(h)
        shares = [f * share for share in shares] + [1 - f]  # whatever was there fades
    return torch.stack(states, dim=1), torch.stack(shares, dim=1)


def memory_jacobian(x, h0, c0, W, U, b):
    """Jacobian of the last cell by the first: the direct path's diagonal (B, H), and the whole (B, H, H)."""
    start = c0.requires_grad_()
    h, c, direct = h0, start, torch.ones_like(c0)
    for x_t in x.unbind(dim=1):
        f, i, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in range(3))
        g = torch.tanh(x_t @ W[3].T + h @ U[3].T + b[3])
        c = f * c + i * g
        h = o * torch.tanh(c)
        direct = direct * f.detach()
    # Sequences do not touch each other: one gradient of a sum over the batch gives a row for each.
    rows = [torch.autograd.grad(c[:, j].sum(), start, retain_graph=True)[0] for j in range(c.shape[1])]
    return direct, torch.stack(rows, dim=1)
