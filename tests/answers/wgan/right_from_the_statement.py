"""A student who works from the statement alone: signed cumulative mass, everything scaled to one, plain autograd."""

import numpy as np
import torch
from scipy.optimize import linprog


def w1_on_line(x, y, x_weights, y_weights):
    def law(points, weights):
        if points.shape != weights.shape:
            raise ValueError("one weight a point")
        if not bool((weights >= 0).all()) or not bool((weights > 0).any()):
            raise ValueError("weights must be >= 0, with a sum above 0")
        keep = weights > 0
        return points[keep], weights[keep] / weights[keep].sum()

    (x, p), (y, q) = law(x, x_weights), law(y, y_weights)
    t, order = torch.cat([x, y]).sort()
    gap = torch.cat([p, -q])[order].cumsum(0)[:-1].abs()  # |F_p - F_q| between neighbours
    return (gap * t.diff()).sum()


def transport(cost, p, q):
    cost, p, q = (np.array(v, dtype=float) for v in (cost, p, q))
    if cost.ndim != 2 or p.shape != cost.shape[:1] or q.shape != cost.shape[1:]:
        raise ValueError("shapes do not fit")
    if not ((p >= 0).all() and (q >= 0).all()):
        raise ValueError("masses must be >= 0")
    earth, room = p.sum(), q.sum()
    if room < earth * (1 - 1e-9):
        raise ValueError("less room than earth")
    n, m = cost.shape
    if earth == 0:
        return 0.0, np.zeros((n, m)), cost.min(axis=1), np.zeros(m)
    unit = cost.max() or 1.0
    holes = q / min(room, earth) if room < earth else q / earth
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    result = linprog((cost / unit).ravel(), A_eq=rows, b_eq=p / earth, A_ub=columns, b_ub=holes, method="highs")
    plan = result.x.reshape(n, m) * earth
    f, g = result.eqlin.marginals * unit, np.minimum(result.ineqlin.marginals, 0) * unit
    return float((plan * cost).sum()), plan, f, g


def lipschitz_bounds(net, x):
    x = x.detach().clone().requires_grad_()
    f = net(x)
    (gradient,) = torch.autograd.grad(f.sum(), x)
    lower = float(gradient.norm(dim=1).max())
    with torch.no_grad():
        for i in range(len(x)):
            way = (x - x[i]).norm(dim=1)
            rise = (f - f[i]).abs()[:, 0]
            if bool((way > 0).any()):
                lower = max(lower, float((rise[way > 0] / way[way > 0]).max()))
        upper = 1.0
        for layer in net:
            if isinstance(layer, torch.nn.Linear):
                upper *= float(torch.linalg.matrix_norm(layer.weight, 2))
    verdict = "no" if lower > 1 + 1e-6 else "yes" if upper <= 1 + 1e-6 else "unknown"
    return lower, upper, verdict


def gradient_penalties(critic, x, y, eps):
    eps = eps.reshape(-1, *[1] * (x.dim() - 1))
    x_hat = (eps * x + (1 - eps) * y).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
    norm = gradient.flatten(start_dim=1).norm(dim=1)
    return (norm - 1) ** 2, (norm - 1).clamp(min=0) ** 2


def spectral_normalise(weight, u, steps):
    matrix = weight.flatten(start_dim=1)
    if not bool(matrix.any()):
        return weight * 1, u.detach().clone()
    with torch.no_grad():
        u_new = u / u.abs().max()
        for _ in range(steps):
            v = torch.nn.functional.normalize(matrix.T @ u_new, dim=0, eps=0)
            u_new = torch.nn.functional.normalize(matrix @ v, dim=0, eps=0)
    sigma = u_new @ matrix @ v
    return weight / sigma, u_new


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = []
    for x, z in zip(xs, zs, strict=True):
        with torch.no_grad():
            y = generator(z)
        gap = critic(x).mean() - critic(y).mean()
        opt_f.zero_grad()
        (-gap).backward()
        opt_f.step()
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-limit, limit)
        gaps.append(gap.item())
    loss = -critic(generator(z_g)).mean()
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    return gaps, loss.item()
