"""PyTorch's own modules, fed so that they compute what is asked."""

import math

import torch
from torch.func import functional_call
from torch.nn.utils.rnn import pack_sequence


def _lstm_weights(W, U, b, layer):
    order = [1, 0, 3, 2]
    flat = {"weight_ih": W[order].flatten(0, 1), "weight_hh": U[order].flatten(0, 1), "bias_ih": b[order].flatten()}
    flat["bias_hh"] = torch.zeros_like(flat["bias_ih"])
    return {f"{key}{layer}": value for key, value in flat.items()}


def _step(x, h, c, W, U, b):
    cell = torch.nn.LSTMCell(x.shape[1], h.shape[1], dtype=x.dtype)
    return functional_call(cell, _lstm_weights(W, U, b, ""), (x, (h, c)))


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    one = torch.eye(p.shape[1], dtype=p.dtype)
    seen = torch.stack([torch.diag(p[0]), torch.diag(p[1]), 0 * one, 0 * one])
    _, c = _step(torch.cat([x_t, c_prev], 1), h_prev, c_prev, torch.cat([W, seen], dim=2), U, b)
    o = torch.sigmoid(x_t @ W[2].T + h_prev @ U[2].T + b[2] + c * p[2])
    return o * torch.tanh(c), c


def coupled_lstm(x, h0, c0, W, U, b):
    W, U, b = (torch.stack([v[0], -v[0], v[1], v[2]]) for v in (W, U, b))
    h, c, states, gates = h0, c0, [], []
    for x_t in x.unbind(1):
        gates.append(torch.sigmoid(x_t @ W[0].T + h @ U[0].T + b[0]))
        h, c = _step(x_t, h, c, W, U, b)
        states.append(h)
    f = torch.stack(gates, 1)
    written = torch.cat([torch.ones_like(f[:, :1]), 1 - f], 1)
    shares = [written[:, t] * f[:, t:].prod(dim=1) for t in range(f.shape[1] + 1)]
    return torch.stack(states, 1), torch.stack(shares, 1)


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    after = torch.nn.GRUCell(x_t.shape[1], len(b_prime), dtype=x_t.dtype)
    flat = [torch.cat([v[1], -v[0], v[2]]) for v in (W, U, b)]
    second = torch.cat([torch.zeros(2 * len(b_prime), dtype=b.dtype), b_prime])
    weights = dict(zip(("weight_ih", "weight_hh", "bias_ih"), flat, strict=True)) | {"bias_hh": second}
    plain = torch.nn.RNNCell(x_t.shape[1], len(b_prime), dtype=x_t.dtype)
    u, r = (torch.sigmoid(torch.addmm(b[k], x_t, W[k].T) + h_prev @ U[k].T) for k in (0, 1))
    candidate = {"weight_ih": W[2], "weight_hh": U[2], "bias_ih": b[2], "bias_hh": b_prime}
    g = functional_call(plain, candidate, (x_t, r * h_prev))
    return (1 - u) * h_prev + u * g, functional_call(after, weights, (x_t, h_prev))


def set_forget_bias(lstm, share, steps):
    if not lstm.bias:
        raise ValueError("bias=False leaves nothing to set")
    beta = -math.log(share ** (-1 / steps) - 1)
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias"):
            with torch.no_grad():
                parameter.view(4, -1)[1] = beta * ("bias_hh" in name)
    return torch.tensor(beta)


def memory_jacobian(x, h0, c0, W, U, b):
    lstm = torch.nn.LSTM(x.shape[2], h0.shape[1], batch_first=True, dtype=x.dtype)
    weights = _lstm_weights(W, U, b, "_l0")

    def last(c):
        return functional_call(lstm, weights, (x, (h0[None], c[None])))[1][1][0].sum(0)

    total = torch.autograd.functional.jacobian(last, c0)  # (H, B, H)
    h, c, direct = h0, c0, torch.ones_like(c0)
    for x_t in x.unbind(1):
        direct = direct * torch.sigmoid(x_t @ W[0].T + h @ U[0].T + b[0])
        h, c = _step(x_t, h, c, W, U, b)
    return direct, total.transpose(0, 1)


def packed_lstm(sequences, layers, h0, c0):
    lstm = torch.nn.LSTM(sequences[0].shape[1], h0.shape[2], num_layers=len(layers), dtype=h0.dtype)
    weights = {}
    for k, layer in enumerate(layers):
        weights |= _lstm_weights(layer["W"], layer["U"], layer["b"], f"_l{k}")
    packed, (h_n, c_n) = functional_call(lstm, weights, (pack_sequence(sequences, enforce_sorted=False), (h0, c0)))
    return {"data": packed.data, "batch_sizes": packed.batch_sizes, "h_n": h_n, "c_n": c_n}
