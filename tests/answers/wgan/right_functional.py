"""Quantiles by searchsorted, a hole for what is left over, torch.func, einsum, gradients set by hand."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linprog
from torch.func import functional_call, grad, vmap


def w1_on_line(x, y, x_weights, y_weights):
    for points, weights in ((x, x_weights), (y, y_weights)):
        if points.shape != weights.shape:
            raise ValueError("shapes")
        if weights.isnan().any() or (weights < 0).any() or not weights.any():
            raise ValueError("weights")
    i, j = x.argsort(), y.argsort()
    cdf_x = torch.cumsum(x_weights[i].double() / x_weights.double().sum(), 0)
    cdf_y = torch.cumsum(y_weights[j].double() / y_weights.double().sum(), 0)
    edges = torch.cat([torch.zeros(1).double(), cdf_x, cdf_y]).clamp(max=1).sort().values
    middle = (edges[1:] + edges[:-1]) / 2
    at_x = x[i][torch.searchsorted(cdf_x[:-1].contiguous(), middle)]
    at_y = y[j][torch.searchsorted(cdf_y[:-1].contiguous(), middle)]
    return torch.dot((at_x - at_y).abs(), edges.diff().to(x.dtype))


def transport(cost, p, q):
    n, m = np.shape(cost)
    if np.shape(p) != (n,) or np.shape(q) != (m,):
        raise ValueError("shapes")
    if np.isnan(p).any() or np.isnan(q).any() or np.min(p) < 0 or np.min(q) < 0:
        raise ValueError("masses")
    left = q.sum() - p.sum()
    if left < -1e-9 * p.sum():
        raise ValueError("no room")
    # One pile more, of nothing: its mass fills what is left of the holes, at no cost.
    padded = np.vstack([cost, np.zeros(m)])
    masses = np.append(p, max(left, 0.0))
    conditions = np.vstack([np.kron(np.eye(n + 1), np.ones(m)), np.kron(np.ones(n + 1), np.eye(m))])
    result = linprog(padded.ravel(), A_eq=conditions[:-1], b_eq=np.append(masses, q)[:-1])
    f, g = np.split(np.append(result.eqlin.marginals, 0.0), [n + 1])
    shift = f[n] if left > 1e-12 else g.max()
    f, g = (f - shift, g + shift) if left > 1e-12 else (f + shift, g - shift)
    return result.fun, result.x.reshape(n + 1, m)[:n], f[:n], np.minimum(g, 0) if left > 1e-12 else g


def lipschitz_bounds(net, x):
    state = dict(net.named_parameters())

    def f(point):
        return functional_call(net, state, (point[None],))[0, 0]

    steep = vmap(grad(f))(x).norm(dim=1)
    values = net(x).detach()
    far = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    slopes = torch.nan_to_num((values - values.T).abs() / far, nan=0.0)
    lower = torch.maximum(steep.max(), slopes.max())
    upper = torch.stack([torch.linalg.svdvals(p)[0] for p in net.parameters() if p.ndim == 2]).prod()
    words = ["yes", "unknown"]
    return lower.item(), upper.item(), "no" if lower > 1 + 1e-6 else words[int(upper > 1 + 1e-6)]


def gradient_penalties(critic, x, y, eps):
    state = dict(critic.named_parameters())

    def score(point):
        return functional_call(critic, state, (point.unsqueeze(0),)).squeeze()

    x_hat = torch.stack([torch.lerp(b, a, e) for a, b, e in zip(x, y.detach(), eps, strict=True)]).detach()
    norms = torch.linalg.vector_norm(vmap(grad(score))(x_hat).reshape(len(x), -1), dim=-1)
    return [F.mse_loss(norms, torch.ones_like(norms), reduction="none"), F.relu(norms - 1) ** 2]


def spectral_normalise(weight, u, steps):
    if torch.count_nonzero(weight) == 0:
        return weight * 1, u.clone()
    matrix = weight.flatten(1)
    w = matrix.detach()
    for _ in range(steps):
        v = F.normalize(torch.einsum("oi,o->i", w, u), dim=0)
        u = F.normalize(torch.einsum("oi,i->o", w, v), dim=0)
    return weight * (1 / torch.einsum("o,oi,i->", u, matrix, v)), u.detach()


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    def step(optimizer, module, loss):
        parameters = list(module.parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        optimizer.step()
        return loss.item()

    gaps = []
    for x, z in zip(xs, zs, strict=True):
        scores = critic(torch.cat([x, generator(z).detach()])).squeeze(1)
        on_x, on_y = scores.split([len(x), len(z)])
        gaps.append(-step(opt_f, critic, on_y.mean() - on_x.mean()))
        for parameter in critic.parameters():
            parameter.data.clip_(-limit, limit)
    return np.array(gaps), step(opt_g, generator, -critic(generator(z_g)).mean())
