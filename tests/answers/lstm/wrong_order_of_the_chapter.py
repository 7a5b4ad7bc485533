"""The gates are taken in PyTorch's order: input, forget, candidate, output."""

import torch


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    """(h_t, c_t) of a cell with peepholes, each (B, H)."""
    a_i, a_f, a_g, a_o = (x_t @ W[k].T + h_prev @ U[k].T + b[k] for k in range(4))
    f = torch.sigmoid(a_f + p[0] * c_prev)
    i = torch.sigmoid(a_i + p[1] * c_prev)
    c = f * c_prev + i * torch.tanh(a_g)
    o = torch.sigmoid(a_o + p[2] * c)  # the new cell
    return o * torch.tanh(c), c


def memory_jacobian(x, h0, c0, W, U, b):
    """Jacobian of the last cell by the first: the direct path's diagonal (B, H), and the whole (B, H, H)."""
    start = c0.detach().clone().requires_grad_()
    h, c, direct = h0, start, torch.ones_like(c0)
    for x_t in x.unbind(dim=1):
        i, f, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k].T + b[k]) for k in (0, 1, 3))
        g = torch.tanh(x_t @ W[2].T + h @ U[2].T + b[2])
        c = f * c + i * g
        h = o * torch.tanh(c)
        direct = direct * f.detach()
    # Sequences do not touch each other: one gradient of a sum over the batch gives a row for each.
    rows = [torch.autograd.grad(c[:, j].sum(), start, retain_graph=True)[0] for j in range(c.shape[1])]
    return direct, torch.stack(rows, dim=1)


def packed_lstm(sequences, layers, h0, c0):
    """A stack of LSTM layers over packed sequences: data, batch_sizes, h_n and c_n in a dictionary."""
    order = sorted(range(len(sequences)), key=lambda s: -len(sequences[s]))  # sorting in Python is stable
    longest_first = [sequences[s] for s in order]
    sizes = [sum(len(s) > t for s in longest_first) for t in range(len(longest_first[0]))]
    rows = [torch.stack([s[t] for s in longest_first[:size]]) for t, size in enumerate(sizes)]
    back = torch.tensor(order).argsort()
    h_n, c_n = [], []
    for layer, h, c in zip(layers, h0, c0, strict=True):
        W, U, b = layer["W"], layer["U"], layer["b"]
        h, c = h[order], c[order]
        for t, x_t in enumerate(rows):
            runs = len(x_t)
            i, f, o = (torch.sigmoid(x_t @ W[k].T + h[:runs] @ U[k].T + b[k]) for k in (0, 1, 3))
            g = torch.tanh(x_t @ W[2].T + h[:runs] @ U[2].T + b[2])
            c = torch.cat([f * c[:runs] + i * g, c[runs:]])  # the others have reached their ends
            h = torch.cat([o * torch.tanh(c[:runs]), h[runs:]])
            rows[t] = h[:runs]
        h_n.append(h[back])
        c_n.append(c[back])
    return {
        "data": torch.cat(rows),
        "batch_sizes": torch.tensor(sizes),
        "h_n": torch.stack(h_n),
        "c_n": torch.stack(c_n),
    }
