"""All gates at once: einsum, unbind, functional transforms, shares by sums of logarithms."""

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_sequence


def _all(x, h, W, U, b):
    return (torch.einsum("khn,bn->kbh", W, x) + torch.einsum("khj,bj->kbh", U, h) + b[:, None]).unbind(0)


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    f, i, o, g = _all(x_t, h_prev, W, U, b)
    c = torch.lerp(torch.zeros_like(c_prev), c_prev, (f + p[0] * c_prev).sigmoid())
    c = torch.addcmul(c, (i + p[1] * c_prev).sigmoid(), g.tanh())
    return (o + p[2] * c).sigmoid().mul(c.tanh()), c


def coupled_lstm(x, h0, c0, W, U, b):
    h, c, states, log_f, log_i = h0, c0, [], [], []
    for t in range(x.size(1)):
        f, o, g = _all(x[:, t], h, W, U, b)
        keep = f.sigmoid()
        c = torch.lerp(g.tanh(), c, keep)
        h = o.sigmoid() * c.tanh()
        states += [h]
        log_f += [F.logsigmoid(f)]
        log_i += [F.logsigmoid(-f)]
    log_f, log_i = torch.stack(log_f, 1), torch.stack(log_i, 1)
    after = log_f.flip(1).cumsum(1).flip(1)  # from each step to the end
    later = torch.cat([after[:, 1:], torch.zeros_like(after[:, :1])], 1)
    return torch.stack(states, 1), torch.cat([after[:, :1], log_i + later], 1).exp()


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    ux, rx, gx = (F.linear(x_t, w, v) for w, v in zip(W, b, strict=True))
    uh, rh, gh = (F.linear(h_prev, w) for w in U)
    u, r = torch.sigmoid(ux + uh), torch.sigmoid(rx + rh)
    candidates = torch.stack([gx + F.linear(h_prev * r, U[2], b_prime), gx + r * (gh + b_prime)]).tanh()
    return tuple(h_prev.lerp(g, u) for g in candidates)


@torch.no_grad()
def set_forget_bias(lstm, share, steps):
    if not lstm.bias:
        raise ValueError("a module without biases")
    gate = torch.tensor(share, dtype=torch.float64).pow(1 / steps)
    beta = torch.logit(gate)
    for name, parameter in lstm.named_parameters():
        if "bias" in name:
            parameter.chunk(4)[1].fill_(beta.item() * (3 if "_hh_" in name else -2))
    return beta


def memory_jacobian(x, h0, c0, W, U, b):
    def run(c, x, h):
        gates = []
        for x_t in x:
            f, i, o, g = (W @ x_t + U @ h + b).unbind(0)
            gates.append(f.sigmoid())
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return c, torch.stack(gates).prod(0)

    total, direct = torch.func.vmap(torch.func.jacrev(run, has_aux=True))(c0, x, h0)
    return direct, total


def packed_lstm(sequences, layers, h0, c0):
    packed = pack_sequence(sequences, enforce_sorted=False)
    h, c = h0[:, packed.sorted_indices], c0[:, packed.sorted_indices]
    data, ends = packed.data, []
    for weights, h_l, c_l in zip(layers, h, c, strict=True):
        outputs, done_h, done_c = [], [], []
        for x in data.split(packed.batch_sizes.tolist()):
            done_h.insert(0, h_l[len(x) :])  # these have ended
            done_c.insert(0, c_l[len(x) :])
            h_l, c_l = h_l[: len(x)], c_l[: len(x)]
            f, i, o, g = _all(x, h_l, **weights)
            c_l = f.sigmoid() * c_l + i.sigmoid() * g.tanh()
            h_l = o.sigmoid() * c_l.tanh()
            outputs.append(h_l)
        data = torch.cat(outputs)
        ends.append((torch.cat([h_l, *done_h]), torch.cat([c_l, *done_c])))
    h_n, c_n = (torch.stack(v)[:, packed.unsorted_indices] for v in zip(*ends, strict=True))
    return {"data": data, "batch_sizes": packed.batch_sizes, "h_n": h_n, "c_n": c_n}
