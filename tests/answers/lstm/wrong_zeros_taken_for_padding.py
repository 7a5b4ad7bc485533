"""Pads with zeros, and takes every zero row for padding."""

import torch
from torch.nn.utils.rnn import pad_sequence


def packed_lstm(sequences, layers, h0, c0):
    order = sorted(range(len(sequences)), key=lambda s: -len(sequences[s]))
    back = torch.tensor(order).argsort()
    x = pad_sequence([sequences[s] for s in order])
    running = (x != 0).any(dim=2, keepdim=True)
    h_n, c_n = [], []
    for layer, h, c in zip(layers, h0[:, order], c0[:, order], strict=True):
        W, U, b = layer["W"], layer["U"], layer["b"]
        outputs = []
        for x_t, run in zip(x, running, strict=True):
            f, i, o, g = (x_t @ W[k].T + h @ U[k].T + b[k] for k in range(4))
            new = f.sigmoid() * c + i.sigmoid() * g.tanh()
            c, h = torch.where(run, new, c), torch.where(run, o.sigmoid() * new.tanh(), h)
            outputs.append(h)
        x = torch.stack(outputs)
        h_n.append(h[back])
        c_n.append(c[back])
    running = running[..., 0]
    data = {"data": x[running], "batch_sizes": running.sum(dim=1)}
    return data | {"h_n": torch.stack(h_n), "c_n": torch.stack(c_n)}
