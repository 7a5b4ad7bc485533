"""Rows of one time in the order of the list."""

import torch


def packed_lstm(sequences, layers, h0, c0):
    flow, h_n, c_n = sequences, [], []
    for layer, hs, cs in zip(layers, h0, c0, strict=True):
        W, U, b = layer["W"], layer["U"], layer["b"]
        out, he, ce = [], [], []
        for x, h, c in zip(flow, hs, cs, strict=True):
            states = []
            for x_t in x:
                f, i, o, g = (W[k] @ x_t + U[k] @ h + b[k] for k in range(4))
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                states.append(h)
            out.append(torch.stack(states))
            he.append(h)
            ce.append(c)
        flow = out
        h_n.append(torch.stack(he))
        c_n.append(torch.stack(ce))
    longest = max(map(len, sequences))
    data = [s[t] for t in range(longest) for s in flow if len(s) > t]
    sizes = [sum(len(s) > t for s in flow) for t in range(longest)]
    return {
        "data": torch.stack(data),
        "batch_sizes": torch.tensor(sizes),
        "h_n": torch.stack(h_n),
        "c_n": torch.stack(c_n),
    }
