"""SciPy's logit, forward mode, and a vector of all parameters; packed by index arithmetic."""

import collections

import numpy as np
import scipy.optimize
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

Pair = collections.namedtuple("Pair", "first second")


def _step(x, h, c, W, U, b, p=None):
    return torch.baddbmm(b[:, None], x.expand(len(W), *x.shape), W.mT) + h @ U.mT


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    a = _step(x_t, h_prev, c_prev, W, U, b)
    f, i = torch.sigmoid(a[:2] + p[:2, None] * c_prev)
    c = torch.stack([f, i]).mul(torch.stack([c_prev, a[3].tanh()])).sum(0)
    return Pair(torch.sigmoid(a[2] + p[2] * c) * c.tanh(), c)


def coupled_lstm(x, h0, c0, W, U, b):
    h, c = h0, c0
    shares = torch.ones_like(c0)[:, None]
    states = []
    for x_t in x.unbind(1):
        f, o, g = _step(x_t, h, c, W, U, b)
        keep, lose = torch.sigmoid(f), torch.sigmoid(-f)
        c = keep * c + lose * g.tanh()
        h = o.sigmoid() * c.tanh()
        shares = torch.cat([shares * keep[:, None], lose[:, None]], dim=1)
        states.append(h)
    return [torch.stack(states, 1), shares]


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    u, r = torch.sigmoid(_step(x_t, h_prev, None, W, U, b)[:2])
    drive = torch.addmm(b[2], x_t, W[2].mT)
    return Pair(
        *(
            torch.lerp(h_prev, torch.tanh(drive + inner), u)
            for inner in ((r * h_prev) @ U[2].mT + b_prime, r * (h_prev @ U[2].mT + b_prime))
        )
    )


def set_forget_bias(lstm, share, steps):
    if lstm.bias is False:
        raise ValueError("bias=False")
    beta = scipy.optimize.brentq(lambda b: -steps * np.logaddexp(0, -b) - np.log(share), -100, 100)
    vector = parameters_to_vector(lstm.parameters()).detach().clone()
    at = 0
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias"):
            quarter = parameter.numel() // 4
            vector[at + quarter : at + 2 * quarter] = beta if "_ih_" in name else 0.0
        at += parameter.numel()
    vector_to_parameters(vector, lstm.parameters())
    return np.float64(beta)


def memory_jacobian(x, h0, c0, W, U, b):
    def last(c, whole=True):
        h, kept = h0, 1
        for x_t in x.unbind(1):
            f, i, o, g = _step(x_t, h, c, W, U, b)
            kept = kept * f.sigmoid()
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return c, kept

    B, H = c0.shape
    columns = [torch.func.jvp(lambda c: last(c)[0], (c0,), (e.expand(B, H),))[1] for e in torch.eye(H, dtype=c0.dtype)]
    return Pair(last(c0)[1], torch.stack(columns, -1))


def packed_lstm(sequences, layers, h0, c0):
    lengths = np.array([len(s) for s in sequences])
    rows = [(t, -lengths[s], s) for s in range(len(lengths)) for t in range(lengths[s])]
    rows.sort()
    flow = {(t, s): sequences[s][t] for t, _, s in rows}
    result = collections.defaultdict(list)
    for k in range(len(layers)):
        h, c = dict(enumerate(h0[k])), dict(enumerate(c0[k]))
        for t, _, s in rows:
            f, i, o, g = _step(flow[t, s][None], h[s][None], None, **layers[k])
            c[s] = (f.sigmoid() * c[s] + i.sigmoid() * g.tanh())[0]
            h[s] = (o.sigmoid() * c[s].tanh())[0]
            flow[t, s] = h[s]
        result["h_n"].append(torch.stack([h[s] for s in range(len(lengths))]))
        result["c_n"].append(torch.stack([c[s] for s in range(len(lengths))]))
    result["h_n"], result["c_n"] = torch.stack(result["h_n"]), torch.stack(result["c_n"])
    result["data"] = torch.stack([flow[t, s] for t, _, s in rows])
    result["batch_sizes"] = np.bincount([t for t, _, _ in rows])
    return result
