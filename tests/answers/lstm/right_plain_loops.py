"""Number by number: Python's loops over sequences, units and inputs, the numbers still tensors."""

import math

import torch


def _sum(weights, values):
    total = 0.0
    for weight, value in zip(weights, values, strict=True):
        total = total + weight * value
    return total


def _a(gate, unit, x, h, W, U, b):
    return _sum(W[gate][unit], x) + _sum(U[gate][unit], h) + b[gate][unit]


def _sigma(a):
    return 1 / (1 + torch.exp(-a)) if a > -500 else 0 * a


def _table(rows):
    return torch.stack([torch.stack(list(row)) for row in rows])


def peephole_step(x_t, h_prev, c_prev, W, U, b, p):
    states, cells = [], []
    for x, h, c_old in zip(x_t, h_prev, c_prev, strict=True):
        states.append([])
        cells.append([])
        for j in range(len(c_old)):
            forget = _sigma(_a(0, j, x, h, W, U, b) + p[0, j] * c_old[j])
            write = _sigma(_a(1, j, x, h, W, U, b) + p[1, j] * c_old[j])
            c = forget * c_old[j] + write * torch.tanh(_a(3, j, x, h, W, U, b))
            states[-1].append(_sigma(_a(2, j, x, h, W, U, b) + p[2, j] * c) * torch.tanh(c))
            cells[-1].append(c)
    return _table(states), _table(cells)


def coupled_lstm(x, h0, c0, W, U, b):
    all_states, all_shares = [], []
    for s in range(len(x)):
        h, c, states, gates = h0[s], c0[s], [], []
        for x_t in x[s]:
            a = [W[k] @ x_t + U[k] @ h + b[k] for k in range(3)]
            f, o, g = torch.sigmoid(a[0]), torch.sigmoid(a[1]), torch.tanh(a[2])
            c = g + f * (c - g)
            h = o * torch.tanh(c)
            states.append(h)
            gates.append(f)
        shares, left = [], torch.ones_like(c)
        for f in gates[::-1]:  # from the end, what is left so far
            shares.append((1 - f) * left)
            left = left * f
        all_states.append(torch.stack(states))
        all_shares.append(torch.stack([left, *shares[::-1]]))
    return torch.stack(all_states), torch.stack(all_shares)


def gru_both_ways(x_t, h_prev, W, U, b, b_prime):
    results = [], []
    for x, h in zip(x_t, h_prev, strict=True):
        units = range(len(h))
        r = [_sigma(_a(1, j, x, h, W, U, b)) for j in units]
        kept = [r[j] * h[j] for j in units]
        before, after = [], []
        for j in units:
            u = _sigma(_a(0, j, x, h, W, U, b))
            from_x = _sum(W[2][j], x) + b[2][j]
            before.append(h[j] + u * (torch.tanh(from_x + _sum(U[2][j], kept) + b_prime[j]) - h[j]))
            after.append(h[j] + u * (torch.tanh(from_x + r[j] * (_sum(U[2][j], h) + b_prime[j])) - h[j]))
        results[0].append(before)
        results[1].append(after)
    return _table(results[0]), _table(results[1])


def set_forget_bias(lstm, share, steps):
    gate = share ** (1 / steps)
    beta = math.log(gate / (1 - gate))
    units = lstm.hidden_size
    directions = ["", "_reverse"] if lstm.bidirectional else [""]
    for layer in range(lstm.num_layers):
        for direction in directions:
            try:
                one = getattr(lstm, f"bias_ih_l{layer}{direction}")
                other = getattr(lstm, f"bias_hh_l{layer}{direction}")
            except AttributeError:
                raise ValueError("no biases") from None
            for j in range(units, 2 * units):
                one.data[j] = beta / 2
                other.data[j] = beta / 2
    return beta


def memory_jacobian(x, h0, c0, W, U, b):
    directs, totals = [], []
    for s in range(len(x)):
        # Forwards, with a row for each unit: how h and c move with c0.
        h, c, units = h0[s], c0[s], len(c0[s])
        by_c, by_h, direct = torch.eye(units, dtype=c.dtype), torch.zeros(units, units, dtype=c.dtype), 1.0
        for x_t in x[s]:
            a = [W[k] @ x_t + U[k] @ h + b[k] for k in range(4)]
            f, i, o, g = torch.sigmoid(a[0]), torch.sigmoid(a[1]), torch.sigmoid(a[2]), torch.tanh(a[3])
            by_f, by_i, by_o = ((v * (1 - v))[:, None] * (U[k] @ by_h) for k, v in enumerate((f, i, o)))
            by_g = (1 - g * g)[:, None] * (U[3] @ by_h)
            by_c = by_f * c[:, None] + f[:, None] * by_c + by_i * g[:, None] + i[:, None] * by_g
            c = f * c + i * g
            tanh = torch.tanh(c)
            by_h = by_o * tanh[:, None] + (o * (1 - tanh**2))[:, None] * by_c
            h, direct = o * tanh, direct * f
        directs.append(direct)
        totals.append(by_c)
    return torch.stack(directs), torch.stack(totals)


def packed_lstm(sequences, layers, h0, c0):
    outputs, h_n, c_n = list(sequences), [], []
    for k, weights in enumerate(layers):
        W, U, b = weights["W"], weights["U"], weights["b"]
        ends = [], []
        for s, sequence in enumerate(outputs):
            h, c, states = h0[k, s], c0[k, s], []
            for x in sequence:
                f, i, o = (torch.sigmoid(W[m] @ x + U[m] @ h + b[m]) for m in range(3))
                c = f * c + i * torch.tanh(W[3] @ x + U[3] @ h + b[3])
                h = o * torch.tanh(c)
                states.append(h)
            outputs[s] = states
            ends[0].append(h)
            ends[1].append(c)
        h_n.append(torch.stack(ends[0]))
        c_n.append(torch.stack(ends[1]))
    data, sizes, longest = [], [], max(len(states) for states in outputs)
    for t in range(longest):
        sizes.append(0)
        for length in range(longest, t, -1):
            for states in outputs:
                if len(states) == length:
                    data.append(states[t])
                    sizes[-1] += 1
    return {"data": torch.stack(data), "batch_sizes": sizes, "h_n": torch.stack(h_n), "c_n": torch.stack(c_n)}
