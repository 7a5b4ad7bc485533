"""States are multiplied with U in place of its transpose."""

import torch


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    """(h_t, c_t) of a cell with peepholes, each (B, H)."""
    a_f, a_i, a_o, a_g = (x_t @ W[k].T + h_prev @ U[k] + b[k] for k in range(4))
    f = torch.sigmoid(a_f + p[0] * c_prev)
    i = torch.sigmoid(a_i + p[1] * c_prev)
    c = f * c_prev + i * torch.tanh(a_g)
    o = torch.sigmoid(a_o + p[2] * c)  # the new cell
    return o * torch.tanh(c), c


def coupled_lstm(x, h0, c0, W, U, b):
    """States (B, T, H) of a cell with coupled gates, and the shares (B, T + 1, H) of its last cell."""
    h, c, states = h0, c0, []
    shares = [torch.ones_like(c0)]
    for x_t in x.unbind(dim=1):
        f, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k] + b[k]) for k in (0, 1))
        g = torch.tanh(x_t @ W[2].T + h @ U[2] + b[2])
        c = f * c + (1 - f) * g
        h = o * torch.tanh(c)
        states.append(h)
        shares = [f * share for share in shares] + [1 - f]  # whatever was there fades
    return torch.stack(states, dim=1), torch.stack(shares, dim=1)


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    """h_t with the reset before, and after, the product with U: a pair of (B, H)."""
    u, r = (torch.sigmoid(x_t @ W[k].T + h_prev @ U[k] + b[k]) for k in (0, 1))
    driven = x_t @ W[2].T + b[2]
    before = torch.tanh(driven + (r * h_prev) @ U[2] + b_prime)
    after = torch.tanh(driven + r * (h_prev @ U[2] + b_prime))
    return (1 - u) * h_prev + u * before, (1 - u) * h_prev + u * after


def memory_jacobian(x, h0, c0, W, U, b):
    """Jacobian of the last cell by the first: the direct path's diagonal (B, H), and the whole (B, H, H)."""
    start = c0.detach().clone().requires_grad_()
    h, c, direct = h0, start, torch.ones_like(c0)
    for x_t in x.unbind(dim=1):
        f, i, o = (torch.sigmoid(x_t @ W[k].T + h @ U[k] + b[k]) for k in range(3))
        g = torch.tanh(x_t @ W[3].T + h @ U[3] + b[3])
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
            f, i, o = (torch.sigmoid(x_t @ W[k].T + h[:runs] @ U[k] + b[k]) for k in range(3))
            g = torch.tanh(x_t @ W[3].T + h[:runs] @ U[3] + b[3])
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
