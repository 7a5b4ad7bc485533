"""Plain loops: quantiles one piece at a time, two linear programmes, pairs of points, one sample after the other."""

import math

import numpy as np
import torch
from scipy.optimize import linprog


def w1_on_line(x, y, x_weights, y_weights):
    for points, weights in ((x, x_weights), (y, y_weights)):
        if len(points) != len(weights):
            raise ValueError("one weight a point")
        total = 0.0
        for w in weights.tolist():
            if w < 0 or math.isnan(w):
                raise ValueError(f"a weight of {w}")
            total += w
        if total == 0:
            raise ValueError("no mass")
    left = sorted((v, i, w) for i, (v, w) in enumerate(zip(x.tolist(), x_weights.tolist(), strict=True)) if w > 0)
    right = sorted((v, i, w) for i, (v, w) in enumerate(zip(y.tolist(), y_weights.tolist(), strict=True)) if w > 0)
    all_x, all_y = sum(w for *_, w in left), sum(w for *_, w in right)
    left = [[i, w / all_x] for _, i, w in left]
    right = [[i, w / all_y] for _, i, w in right]
    distance = 0 * x.sum() + 0 * y.sum()
    while left and right:
        mass = min(left[0][1], right[0][1])
        distance = distance + mass * (x[left[0][0]] - y[right[0][0]]).abs()
        for pile in (left, right):
            pile[0][1] -= mass
            if pile[0][1] <= 1e-15:
                pile.pop(0)
    return distance


def transport(cost, p, q):
    n, m = cost.shape
    if len(p) != n or len(q) != m:
        raise ValueError("shapes")
    for mass in [*p, *q]:
        if mass < 0 or math.isnan(mass):
            raise ValueError("masses")
    if sum(p) - sum(q) > 1e-9 * sum(p):
        raise ValueError("no room")
    rows, columns, prices = np.zeros((n, n * m)), np.zeros((m, n * m)), []
    for i in range(n):
        for j in range(m):
            rows[i, i * m + j] = columns[j, i * m + j] = 1
            prices.append([float(k == i) for k in range(n)] + [float(k == j) for k in range(m)])
    plan = linprog(cost.flatten(), A_ub=columns, b_ub=q, A_eq=rows, b_eq=p).x
    best = linprog(
        [-v for v in [*p, *q]], A_ub=prices, b_ub=cost.flatten(), bounds=[(None, None)] * n + [(None, 0)] * m
    )
    return [-best.fun, plan.reshape(n, m), best.x[:n].tolist(), best.x[n:].tolist()]


def lipschitz_bounds(net, x):
    lower = 0.0
    for point in x:
        leaf = point.clone()[None].requires_grad_(True)
        (gradient,) = torch.autograd.grad(net(leaf)[0, 0], leaf)
        lower = max(lower, math.dist(gradient[0].tolist(), [0.0] * x.shape[1]))
    with torch.no_grad():
        f = [net(point[None]).item() for point in x]
    for i in range(len(x)):
        for j in range(i):
            if not torch.equal(x[i], x[j]):
                lower = max(lower, abs(f[i] - f[j]) / math.dist(x[i].tolist(), x[j].tolist()))
    upper = 1.0
    for name, parameter in net.named_parameters():
        if name.endswith("weight"):
            upper *= float(np.linalg.norm(parameter.detach().numpy(), 2))
    if lower > 1 + 1e-6:
        return lower, upper, "no"
    return lower, upper, "unknown" if upper > 1 + 1e-6 else "yes"


def gradient_penalties(critic, x, y, eps):
    two, one = [], []
    for k in range(len(x)):
        x_hat = (eps[k] * x[k] + (1 - eps[k]) * y[k]).detach()[None].clone()
        x_hat.requires_grad_(True)
        gradient = torch.autograd.grad(critic(x_hat).reshape(()), x_hat, create_graph=True)[0]
        norm = gradient.norm()
        two.append((norm - 1) ** 2)
        one.append((norm - 1) ** 2 if norm > 1 else 0 * (norm - 1))
    return torch.stack(two), torch.stack(one)


def spectral_normalise(weight, u, steps):
    rows = weight.flatten(start_dim=1)
    if all(entry == 0 for entry in rows.flatten().tolist()):
        return 0 * weight, u
    fixed, new = rows.detach(), u.detach()
    for _ in range(steps):
        v = sum(new[i] * fixed[i] for i in range(len(fixed)))
        v = v / math.sqrt(float((v * v).sum()))
        new = torch.stack([(row * v).sum() for row in fixed])
        new = new / math.sqrt(float((new * new).sum()))
    sigma = sum(new[i] * (rows[i] * v).sum() for i in range(len(rows)))
    return weight / sigma, new


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = []
    for k in range(len(xs)):
        with torch.no_grad():
            fake = generator(zs[k])
        for parameter in critic.parameters():
            parameter.grad = None
        on_data = -critic(xs[k]).sum() / len(xs[k])
        on_data.backward()
        on_fake = critic(fake).sum() / len(fake)
        on_fake.backward()
        gaps.append(-on_data.item() - on_fake.item())
        opt_f.step()
        for parameter in critic.parameters():
            parameter.data = parameter.data.clamp(-limit, limit)
    for parameter in critic.parameters():
        parameter.requires_grad_(False)
    opt_g.zero_grad(set_to_none=False)
    loss = critic(generator(z_g)).sum() / -len(z_g)
    loss.backward()
    opt_g.step()
    for parameter in critic.parameters():
        parameter.requires_grad_(True)
    return tuple(gaps), float(loss)
