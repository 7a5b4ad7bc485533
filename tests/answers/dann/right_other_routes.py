"""Other routes to the same numbers: searchsorted, pdist, fractions, one gradient of the two losses' difference."""

from fractions import Fraction

import numpy as np
import torch
from scipy.special import expit


def reverse_gradient(f, lam):
    if torch.is_tensor(lam) and lam.dim():
        lam = lam.expand(*reversed(f.shape)).permute(*range(f.dim() - 1, -1, -1))
    return f - (1 + lam) * (f - f.detach())


def lam_schedule(step, start, end, gamma, lam_max):
    p = (step.clip(start, end) - start) / (end - start)
    if gamma < 1e-3:  # the next term of the series is of the order of gamma²
        return lam_max * p * (1 + gamma**2 / 12 * (1 - p**2))
    return lam_max * (2 * expit(gamma * p) - 1) / (2 * expit(gamma) - 1)


def a_distance(f_s, f_t, held_s, held_t):
    def gap(source, target, places):
        below_s = np.searchsorted(np.sort(source), places, side="right") / len(source)
        below_t = np.searchsorted(np.sort(target), places, side="right") / len(target)
        return below_s - below_t

    columns = list(zip(f_s.T, f_t.T, held_s.T, held_t.T, strict=True))
    gaps = [gap(s, t, np.concatenate([s, t])) for s, t, _, _ in columns]
    j = max(range(len(gaps)), key=lambda i: np.abs(gaps[i]).max())
    i = np.abs(gaps[j]).argmax()
    s, t, u, v = columns[j]
    theta = np.concatenate([s, t])[i]
    return 2 * abs(gaps[j][i]), 2 * np.sign(gaps[j][i]) * gap(u, v, theta)


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    f = F(x)
    known, a = y.ge(0), D(f).view(-1)
    log_p = torch.log_softmax(C(f), dim=-1)
    hot = torch.nn.functional.one_hot(y.clamp(min=0), log_p.shape[1]) * known[:, None]
    loss_y = -(log_p * hot).sum() / max(int(known.sum()), 1)
    weight = torch.where(is_source, 1 / max(int(is_source.sum()), 1), 1 / max(int((~is_source).sum()), 1))
    loss_d = (weight.to(x.dtype) * torch.logaddexp(torch.zeros_like(a), torch.where(is_source, -a, a))).sum()
    of_F, of_C, of_D = (list(module.parameters()) for module in (F, C, D))
    first = torch.autograd.grad(loss_y - lam * loss_d, of_F + of_C, retain_graph=True)
    for p, gradient in zip(of_F + of_C + of_D, (*first, *torch.autograd.grad(loss_d, of_D)), strict=True):
        p.grad = gradient
    optimizer.step()
    return loss_y.detach(), loss_d.detach()


def mmd2(f, g, sigmas):
    n, m = len(f), len(g)

    def within(a):
        i, j = torch.triu_indices(len(a), len(a), offset=1)
        squared = (a[i] - a[j]).pow(2).sum(-1)
        return torch.stack([2 * torch.exp(-0.5 * squared / s**2).sum() for s in sigmas]).mean()

    off = (f.repeat_interleave(m, dim=0) - g.repeat(n, 1)).pow(2).sum(dim=-1)
    across = torch.stack([torch.exp(-0.5 * off / s**2).mean() for s in sigmas]).mean()
    own_f, own_g = within(f), within(g)
    return (
        (own_f + n) / n**2 + (own_g + m) / m**2 - 2 * across,
        own_f / (n**2 - n) + own_g / (m**2 - m) - 2 * across,
    )


def label_shift(y_s, yhat_s, yhat_t, k):
    count = [[int(np.sum((yhat_s == i) & (y_s == j))) for j in range(k)] for i in range(k)]
    size = [sum(row[j] for row in count) for j in range(k)]
    if 0 in size:
        raise ValueError("a class is missing")
    rows = [
        [Fraction(count[i][j], size[j]) for j in range(k)] + [Fraction(int(np.sum(yhat_t == i)), len(yhat_t))]
        for i in range(k)
    ]
    for c in range(k):
        pivot = next((r for r in range(c, k) if rows[r][c]), None)
        if pivot is None:
            raise ValueError("singular")
        rows[c], rows[pivot] = rows[pivot], rows[c]
        rows[c] = [value / rows[c][c] for value in rows[c]]
        for r in range(k):
            if r != c and rows[r][c]:
                rows[r] = [a - rows[r][c] * b for a, b in zip(rows[r], rows[c], strict=True)]
    shares = [max(row[k], Fraction(0)) for row in rows]
    shares = [value / sum(shares) for value in shares]
    shift = sum(abs(value - Fraction(size[j], len(y_s))) for j, value in enumerate(shares)) / 2
    return [float(value) for value in shares], float(shift)
