"""The next layer gets the cells."""

import torch


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
            f, i, o = (torch.sigmoid(x_t @ W[k].T + h[:runs] @ U[k].T + b[k]) for k in range(3))
            g = torch.tanh(x_t @ W[3].T + h[:runs] @ U[3].T + b[3])
            c = torch.cat([f * c[:runs] + i * g, c[runs:]])  # the others have reached their ends
            h = torch.cat([o * torch.tanh(c[:runs]), h[runs:]])
            rows[t] = c[:runs] if len(h_n) < len(layers) - 1 else h[:runs]
        h_n.append(h[back])
        c_n.append(c[back])
    return {
        "data": torch.cat(rows),
        "batch_sizes": torch.tensor(sizes),
        "h_n": torch.stack(h_n),
        "c_n": torch.stack(c_n),
    }
