"""Matrices of comparisons, sparse programmes, a Jacobian of all scores, the library's own clipping and penalties."""

import numpy as np
import scipy.sparse as sp
import torch
from scipy.optimize import linprog
from torch import nn


def w1_on_line(x, y, x_weights, y_weights):
    if x_weights.shape != x.shape or y_weights.shape != y.shape:
        raise ValueError("shapes")
    if not (torch.all(x_weights >= 0) and torch.all(y_weights >= 0)):
        raise ValueError("negative")
    if x_weights.max() == 0 or y_weights.max() == 0:
        raise ValueError("no mass")
    t, _ = torch.sort(torch.cat([x, y]))
    below = t[:-1, None].detach()
    cdf_x = (below >= x.detach()).to(x.dtype) @ x_weights / x_weights.sum()
    cdf_y = (below >= y.detach()).to(y.dtype) @ y_weights / y_weights.sum()
    return torch.sum((t[1:] - t[:-1]) * torch.abs(cdf_x - cdf_y))


def transport(cost, p, q):
    n, m = cost.shape
    if p.shape != (n,) or q.shape != (m,):
        raise ValueError("shapes")
    if not (p >= 0).all() or not (q >= 0).all():
        raise ValueError("masses")
    if p.sum() > q.sum() and not np.isclose(p.sum(), q.sum(), rtol=1e-9, atol=0):
        raise ValueError("no room")
    leaves = sp.kron(sp.identity(n), np.ones((1, m)), format="csr")
    arrives = sp.kron(np.ones((1, n)), sp.identity(m), format="csr")
    done = linprog(cost.reshape(-1), A_ub=arrives, b_ub=q, A_eq=leaves, b_eq=p, method="highs-ds")
    best = linprog(
        np.concatenate([-p, q]),
        A_ub=sp.hstack([leaves.T, -arrives.T]),
        b_ub=cost.reshape(-1),
        bounds=[(None, None)] * n + [(0, None)] * m,
        method="highs-ds",
    )
    return np.float64(done.fun), done.x.reshape(n, m), best.x[:n], -best.x[n:]


def lipschitz_bounds(net, x):
    jacobian = torch.autograd.functional.jacobian(lambda points: net(points).sum(0), x)[0]
    seen = [torch.sqrt((jacobian**2).sum(1)).max()]
    values = net(x).detach()
    for shift in range(1, len(x)):
        way = (x - x.roll(shift, 0)).square().sum(1).sqrt()
        rise = (values - values.roll(shift, 0)).squeeze(1).abs()
        seen.append(torch.where(way > 0, rise / way.clamp(min=1e-300), 0.0).max())
    upper = 1
    for layer in net:
        if hasattr(layer, "in_features"):
            upper = upper * torch.linalg.svd(layer.weight)[1].max().item()
    lower = max(map(float, seen))
    return lower, upper, {True: "no", False: {True: "yes", False: "unknown"}[upper < 1.000001]}[lower > 1.000001]


def gradient_penalties(critic, x, y, eps):
    share = eps.view(-1, *(1 for _ in x.shape[1:])) if eps.is_contiguous() else eps[(...,) + (None,) * (x.ndim - 1)]
    x_hat = nn.Parameter((share * x + (1 - share) * y).detach())
    scores = critic(x_hat).flatten()
    (gradient,) = torch.autograd.grad(scores, x_hat, torch.ones_like(scores), create_graph=True, retain_graph=True)
    dims = tuple(range(1, x.ndim))
    norm = torch.linalg.vector_norm(gradient, dim=dims)
    return (norm - 1).pow(2), torch.maximum(norm - 1, torch.zeros_like(norm)).pow(2)


def spectral_normalise(weight, u, steps):
    matrix = weight.reshape(weight.shape[0], -1)
    fixed = matrix.detach().clone()
    if fixed.abs().sum() == 0:
        return torch.zeros_like(weight), u
    new = u.detach()
    for _ in range(steps):
        v = nn.functional.normalize(fixed.mT @ new, dim=0, eps=1e-12)
        new = nn.functional.normalize(fixed @ v, dim=0, eps=1e-12)
    sigma = (matrix * torch.outer(new, v)).sum()
    return (matrix / sigma).reshape(weight.shape), new


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = torch.zeros(len(xs), dtype=torch.float64)
    for k, (x, z) in enumerate(zip(xs, zs, strict=True)):
        critic.zero_grad()
        generator.requires_grad_(False)
        gap = critic(x).mean() - critic(generator(z)).mean()
        gap.neg().backward()
        generator.requires_grad_(True)
        gaps[k] = gap.detach()
        opt_f.step()
        flat = nn.utils.parameters_to_vector(critic.parameters()).detach()
        with torch.no_grad():
            nn.utils.vector_to_parameters(flat.clamp(-limit, limit), critic.parameters())
    critic.zero_grad()
    generator.zero_grad()
    loss = -torch.mean(critic(generator(z_g)))
    loss.backward()
    opt_g.step()
    return gaps.tolist(), loss.detach()
