"""In single precision: less exact, and right."""

import torch


def _single(*values):
    return [value.float() for value in values]


def _gate(k, x, h, W, U, b):
    return x @ W[k].T + h @ U[k].T + b[k]


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    x_t, h_prev, c_prev, W, U, b, p = _single(x_t, h_prev, c_prev, W, U, b, p)
    f = torch.sigmoid(_gate(0, x_t, h_prev, W, U, b) + p[0] * c_prev)
    i = torch.sigmoid(_gate(1, x_t, h_prev, W, U, b) + p[1] * c_prev)
    c = f * c_prev + i * torch.tanh(_gate(3, x_t, h_prev, W, U, b))
    return torch.sigmoid(_gate(2, x_t, h_prev, W, U, b) + p[2] * c) * torch.tanh(c), c


def coupled_lstm(x, h0, c0, W, U, b):
    x, h, c, W, U, b = _single(x, h0, c0, W, U, b)
    states, gates = [], []
    for x_t in x.transpose(0, 1):
        f = torch.sigmoid(_gate(0, x_t, h, W, U, b))
        c = f * c + (1 - f) * torch.tanh(_gate(2, x_t, h, W, U, b))
        h = torch.sigmoid(_gate(1, x_t, h, W, U, b)) * torch.tanh(c)
        states.append(h)
        gates.append(f)
    written = [torch.ones_like(c), *(1 - f for f in gates)]
    left = torch.ones_like(c)
    shares = []
    for t in range(len(gates), -1, -1):
        shares.insert(0, written[t] * left)
        left = left * gates[t - 1] if t else left
    return torch.stack(states, 1), torch.stack(shares, 1)


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    x_t, h_prev, W, U, b, b_prime = _single(x_t, h_prev, W, U, b, b_prime)
    u = torch.sigmoid(_gate(0, x_t, h_prev, W, U, b))
    r = torch.sigmoid(_gate(1, x_t, h_prev, W, U, b))
    before = torch.tanh(_gate(2, x_t, r * h_prev, W, U, b) + b_prime)
    after = torch.tanh(x_t @ W[2].T + b[2] + r * (h_prev @ U[2].T + b_prime))
    return [h_prev + u * (g - h_prev) for g in (before, after)]


def set_forget_bias(lstm, share, steps):
    if lstm.bias is False:
        raise ValueError("no biases")
    gate = torch.tensor(share) ** (1 / steps)
    beta = float(torch.log(gate / (1 - gate)))
    n = lstm.hidden_size
    state = lstm.state_dict()
    for key in state:
        if key.startswith("bias_ih"):
            state[key][n : 2 * n] = beta - state[key.replace("ih", "hh")][n : 2 * n]
    lstm.load_state_dict(state)
    return beta


def memory_jacobian(x, h0, c0, W, U, b):
    x, h0, c0, W, U, b = _single(x, h0, c0, W, U, b)
    gates = []

    def last(c):
        gates.clear()
        h = h0
        for x_t in x.transpose(0, 1):
            f = torch.sigmoid(_gate(0, x_t, h, W, U, b))
            i = torch.sigmoid(_gate(1, x_t, h, W, U, b))
            c, o = f * c + i * torch.tanh(_gate(3, x_t, h, W, U, b)), torch.sigmoid(_gate(2, x_t, h, W, U, b))
            h = o * torch.tanh(c)
            gates.append(f)
        return c

    whole = torch.autograd.functional.jacobian(last, c0)  # (B, H, B, H), zero between sequences
    return torch.stack(gates).prod(dim=0), torch.stack([whole[s, :, s] for s in range(len(c0))])


def packed_lstm(sequences, layers, h0, c0):
    lengths = torch.tensor([len(s) for s in sequences])
    _, order = torch.sort(lengths, descending=True, stable=True)
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    padded = torch.nn.utils.rnn.pad_sequence([sequences[s].float() for s in order])  # (T, B, n)
    running = torch.arange(len(padded))[:, None] < lengths[order][None]  # (T, B)
    h_n, c_n = [], []
    for k, layer in enumerate(layers):
        W, U, b = _single(layer["W"], layer["U"], layer["b"])
        h, c = _single(h0[k][order], c0[k][order])
        outputs = []
        for x_t, run in zip(padded, running[..., None], strict=True):
            f, i, o = (torch.sigmoid(_gate(m, x_t, h, W, U, b)) for m in range(3))
            new = f * c + i * torch.tanh(_gate(3, x_t, h, W, U, b))
            c, h = torch.where(run, new, c), torch.where(run, o * torch.tanh(new), h)
            outputs.append(h)
        padded = torch.stack(outputs)
        h_n.append(h[back])
        c_n.append(c[back])
    sizes = running.sum(dim=1)
    return {"data": padded[running], "batch_sizes": sizes, "h_n": torch.stack(h_n), "c_n": torch.stack(c_n)}
