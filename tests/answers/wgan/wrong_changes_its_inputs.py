"""Right values, but it writes into what it was given."""

import numpy as np
import torch
from scipy.optimize import linprog


def w1_on_line(x, y, x_weights, y_weights):
    for points, weights in ((x, x_weights), (y, y_weights)):
        if points.shape != weights.shape:
            raise ValueError(f"expected one weight a point, got {tuple(weights.shape)} for {tuple(points.shape)}")
        # Written so that nan, which compares false with everything, is refused too.
        if not ((weights >= 0).all() and weights.sum() > 0):
            raise ValueError(f"expected weights of at least 0 that are not all 0, got {weights}")
    # The left side of (WGAN.3): between two neighbours of the joint sample both distribution functions are constant.
    with torch.no_grad():
        x_weights /= x_weights.sum()
        y_weights /= y_weights.sum()
    signed = torch.cat([x_weights / x_weights.sum(), -y_weights / y_weights.sum()])
    points, order = torch.cat([x, y]).sort()
    difference = signed[order].cumsum(dim=0)[:-1]  # F_p - F_q on each gap
    return (difference.abs() * points.diff()).sum()


def transport(cost, p, q):
    n, m = cost.shape
    if p.shape != (n,) or q.shape != (m,):
        raise ValueError(f"expected masses of shapes ({n},) and ({m},), got {p.shape} and {q.shape}")
    if not (np.all(p >= 0) and np.all(q >= 0)):
        raise ValueError(f"expected masses of at least 0, got {p} and {q}")
    if p.sum() > q.sum() * (1 + 1e-9):
        raise ValueError(f"expected room for a mass of {p.sum()}, got {q.sum()}")
    p /= 1 + 1e-12
    result = linprog(
        cost.ravel(),
        A_eq=np.kron(np.eye(n), np.ones(m)),
        b_eq=p,
        A_ub=np.kron(np.ones(n), np.eye(m)),
        b_ub=q,
    )
    return result.fun, result.x.reshape(n, m), result.eqlin.marginals, result.ineqlin.marginals


def lipschitz_bounds(net, x):
    inputs = x.requires_grad_()
    scores = net(inputs)[:, 0]
    (gradients,) = torch.autograd.grad(scores.sum(), inputs)
    lower = gradients.norm(dim=1).max().item()
    x = x.detach()

    f = scores.detach()
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    distance = (x[i] - x[j]).norm(dim=1)
    apart = distance > 0
    if apart.any():
        slopes = (f[i] - f[j]).abs()[apart] / distance[apart]
        lower = max(lower, slopes.max().item())

    upper = 1.0
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            upper *= torch.linalg.matrix_norm(layer.weight.detach(), 2).item()
    verdict = "no" if lower > 1 + 1e-6 else "yes" if upper <= 1 + 1e-6 else "unknown"
    return lower, upper, verdict


def gradient_penalties(critic, x, y, eps):
    x.requires_grad_(True)
    eps = eps.reshape(-1, *[1] * (x.dim() - 1))
    x_hat = (eps * x + (1 - eps) * y).detach().requires_grad_()
    (gradients,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
    excess = gradients.flatten(1).norm(dim=1) - 1
    return excess.square(), excess.clamp(min=0).square()


def spectral_normalise(weight, u, steps):
    with torch.no_grad():
        matrix = weight.reshape(len(weight), -1)
        if not matrix.any():
            return weight.clone(), u.clone()
        u /= u.norm()
        for _ in range(steps):
            v = matrix.T @ u
            v = v / v.norm()
            u = matrix @ v
            u = u / u.norm()
    sigma = u @ weight.reshape(len(weight), -1) @ v
    return weight / sigma, u


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = []
    xs *= 1 + 1e-12
    for x, z in zip(xs, zs, strict=True):
        opt_f.zero_grad()
        gap = critic(x).mean() - critic(generator(z).detach()).mean()
        (-gap).backward()
        opt_f.step()
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-limit, limit)
        gaps.append(gap.item())

    opt_g.zero_grad()
    loss_g = -critic(generator(z_g)).mean()
    loss_g.backward()
    opt_g.step()
    return gaps, loss_g.item()
