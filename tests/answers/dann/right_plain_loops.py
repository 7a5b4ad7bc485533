"""Plain Python, one number at a time; lists and Python floats come back where an array or a tensor may."""

import math

import numpy as np
import torch


def reverse_gradient(f, lam):
    rows = []
    for i in range(f.shape[0]):
        weight = lam[i] if torch.is_tensor(lam) else lam
        row = f[i].detach()
        rows.append(row + (row - f[i]) * weight)
    return torch.stack(rows)


def lam_schedule(step, start, end, gamma, lam_max):
    result = np.zeros(step.shape)
    for place in np.ndindex(step.shape):
        p = (int(step[place]) - start) / (end - start)
        p = min(max(p, 0.0), 1.0)
        if gamma < 1e-9:
            result[place] = lam_max * p
        else:
            # expm1 keeps the digits that 2 / (1 + exp) - 1 loses.
            part, whole = -math.expm1(-gamma * p), -math.expm1(-gamma)
            result[place] = lam_max * part / (1 + math.exp(-gamma * p)) / whole * (1 + math.exp(-gamma))
    return result


def a_distance(f_s, f_t, held_s, held_t):
    best, rule = 0, None
    f_s, f_t, held_s, held_t = f_s.tolist(), f_t.tolist(), held_s.tolist(), held_t.tolist()
    for j in range(len(f_s[0])):
        column_s, column_t = sorted(row[j] for row in f_s), sorted(row[j] for row in f_t)
        for theta in set(column_s) | set(column_t):
            above_s = sum(value > theta for value in column_s) / len(column_s)
            above_t = sum(value > theta for value in column_t) / len(column_t)
            if abs(above_s - above_t) > best + 1e-12:
                best, rule = abs(above_s - above_t), (j, theta, above_s > above_t)
    if rule is None:
        return 0, 0
    j, theta, above = rule
    share_s = sum(row[j] > theta for row in held_s) / len(held_s)
    share_t = sum(row[j] > theta for row in held_t) / len(held_t)
    return 2 * best, 2 * (share_s - share_t if above else share_t - share_s)


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    def softplus(a):
        return torch.relu(a) + torch.log1p(torch.exp(-torch.abs(a)))

    zero = x.new_zeros(())
    by_class, by_source, by_target = [], [], []
    for i in range(len(x)):
        f = F(x[i : i + 1])
        if y[i] >= 0:
            logits = C(f)[0]
            by_class.append(torch.logsumexp(logits, 0) - logits[y[i]])
        a = D(f)[0, 0]
        if is_source[i]:
            by_source.append(softplus(-a))
        else:
            by_target.append(softplus(a))
    loss_y = sum(by_class) / len(by_class) if by_class else zero
    loss_d = sum(by_source, zero) / max(len(by_source), 1) + sum(by_target, zero) / max(len(by_target), 1)
    for module in (F, C, D):
        for p in module.parameters():
            by_y = by_d = None
            if by_class:
                (by_y,) = torch.autograd.grad(loss_y, p, retain_graph=True, allow_unused=True)
            (by_d,) = torch.autograd.grad(loss_d, p, retain_graph=True, allow_unused=True)
            p.grad = torch.zeros_like(p)
            if by_y is not None:
                p.grad = p.grad + by_y
            if by_d is not None:
                p.grad = p.grad + by_d * (-lam if module is F else 1)
    optimizer.step()
    return float(loss_y), float(loss_d)


def mmd2(f, g, sigmas):
    def kernel(a, b):
        squared = ((a - b) ** 2).sum()
        return sum(torch.exp(-squared / 2 / s / s) for s in sigmas) / len(sigmas)

    n, m = len(f), len(g)
    within_f = sum(kernel(f[i], f[j]) for i in range(n) for j in range(i)) * 2
    within_g = sum(kernel(g[i], g[j]) for i in range(m) for j in range(i)) * 2
    across = sum(kernel(a, b) for a in f for b in g) / (n * m)
    biased = (within_f + n) / n**2 + (within_g + m) / m**2 - 2 * across
    unbiased = within_f / n / (n - 1) + within_g / m / (m - 1) - 2 * across
    return [biased, unbiased]


def label_shift(y_s, yhat_s, yhat_t, k):
    y_s, yhat_s, yhat_t = y_s.tolist(), yhat_s.tolist(), yhat_t.tolist()
    rows = []
    for i in range(k):
        row = []
        for j in range(k):
            if j not in y_s:
                raise ValueError(f"no sample of class {j}")
            row.append(sum(a == i and b == j for a, b in zip(yhat_s, y_s, strict=True)) / y_s.count(j))
        rows.append([*row, yhat_t.count(i) / len(yhat_t)])
    for c in range(k):  # Gauss and Jordan, with the largest pivot
        pivot = max(range(c, k), key=lambda r: abs(rows[r][c]))
        if abs(rows[pivot][c]) < 1e-9:
            raise ValueError("the classifier confuses too much")
        rows[c], rows[pivot] = rows[pivot], rows[c]
        for r in range(k):
            if r != c:
                factor = rows[r][c] / rows[c][c]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[c], strict=True)]
    q = [max(rows[i][k] / rows[i][i], 0.0) for i in range(k)]
    q = [value / sum(q) for value in q]
    return q, sum(abs(q[j] - y_s.count(j) / len(y_s)) for j in range(k)) / 2
