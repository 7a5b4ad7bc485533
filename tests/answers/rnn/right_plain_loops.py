"""Plain Python, one number at a time; lists come back where arrays may."""

import math


def _matvec(M, v):
    return [sum(float(m) * float(a) for m, a in zip(row, v, strict=True)) for row in M]


def _new(x_t, h, W, U, b):
    parts = zip(_matvec(W, x_t), _matvec(U, h), b, strict=True)
    return [math.tanh(a + c + float(d)) for a, c, d in parts]


def leaky_step(x_t, h_prev, W, U, b, alpha):
    rows = []
    for x_row, h_row in zip(x_t, h_prev, strict=True):
        g = _new(x_row, h_row, W, U, b)
        rows.append([(1 - alpha) * float(old) + alpha * new for old, new in zip(h_row, g, strict=True)])
    return rows


def leaky_bptt(x, h0, W, U, b, alpha, dh):
    units, inputs = len(b), len(W[0])
    gW, gU, gb = [[0.0] * inputs for _ in b], [[0.0] * units for _ in b], [0.0] * units
    gh0, gx = [], []
    for rows, start, direct in zip(x, h0, dh, strict=True):
        h, g = [[float(v) for v in start]], []
        for row in rows:
            g.append(_new(row, h[-1], W, U, b))
            h.append([(1 - alpha) * old + alpha * new for old, new in zip(h[-1], g[-1], strict=True)])
        delta, x_back = [0.0] * units, []
        for t in range(len(rows) - 1, -1, -1):
            delta = [d + float(v) for d, v in zip(delta, direct[t], strict=True)]
            bar = [alpha * (1 - g[t][i] ** 2) * delta[i] for i in range(units)]
            for i in range(units):
                gb[i] += bar[i]
                for j in range(inputs):
                    gW[i][j] += bar[i] * float(rows[t][j])
                for j in range(units):
                    gU[i][j] += bar[i] * h[t][j]
            x_back.append([sum(bar[i] * float(W[i][j]) for i in range(units)) for j in range(inputs)])
            through = [sum(bar[i] * float(U[i][j]) for i in range(units)) for j in range(units)]
            delta = [(1 - alpha) * d + v for d, v in zip(delta, through, strict=True)]
        gh0.append(delta)
        gx.append(x_back[::-1])
    return {"W": gW, "U": gU, "b": gb, "h0": gh0, "x": gx}


def clip_by_norm(gradients, limit):
    norm = math.sqrt(math.fsum(float(v) ** 2 for g in gradients for v in g.ravel()))
    if math.isnan(norm) or math.isinf(norm):
        return tuple(0 * g.astype(bool) for g in gradients), norm
    scale = 1.0 if norm <= limit else limit / norm
    return tuple(scale * g for g in gradients), norm


def truncated_gradient(x, h0, W, U, b, dh, window):
    units, inputs = len(b), len(W[0])
    gW, gU, gb = [[0.0] * inputs for _ in b], [[0.0] * units for _ in b], [0.0] * units
    for rows, start, direct in zip(x, h0, dh, strict=True):
        h = [[float(v) for v in start]]
        for row in rows:
            h.append(_new(row, h[-1], W, U, b))
        for t in range(len(rows)):
            delta = [float(v) for v in direct[t]]
            for lag in range(min(window, t + 1)):
                k = t - lag
                bar = [(1 - h[k + 1][i] ** 2) * delta[i] for i in range(units)]
                for i in range(units):
                    gb[i] += bar[i]
                    for j in range(inputs):
                        gW[i][j] += bar[i] * float(rows[k][j])
                    for j in range(units):
                        gU[i][j] += bar[i] * h[k][j]
                delta = [sum(bar[i] * float(U[i][j]) for i in range(units)) for j in range(units)]
    return {"W": gW, "U": gU, "b": gb}


def read_both_ways(x, lengths, ahead, back):
    def read(rows, weights):
        h, states = [0.0] * len(weights["b"]), []
        for row in rows:
            h = _new(row, h, weights["W"], weights["U"], weights["b"])
            states.append(h)
        return states

    result = []
    for rows, length in zip(x, lengths, strict=True):
        real = list(rows[:length])
        forward, backward = read(real, ahead), read(real[::-1], back)[::-1]
        joined = [f + g for f, g in zip(forward, backward, strict=True)]
        nothing = [0.0] * (len(ahead["b"]) + len(back["b"]))
        result.append(joined + [nothing] * (len(rows) - int(length)))
    return result
