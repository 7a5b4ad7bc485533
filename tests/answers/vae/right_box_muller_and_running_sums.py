"""Noise by Box and Muller, logaddexp sample by sample, plain numbers for the split."""

import math

import torch


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    P = torch.cholesky_inverse(L_p)
    S = L_q @ L_q.mT
    d = mu_q - mu_p
    tr = torch.einsum("ij,bji->b", P, S)
    return 0.5 * (tr + torch.einsum("bi,ij,bj->b", d, P, d) - d.shape[1]) + 0.5 * (
        torch.logdet(L_p @ L_p.T) - torch.linalg.slogdet(S)[1]
    )


def reparameterise(mu, log_var, k, generator):
    u = torch.rand(2, len(mu), k, mu.shape[1], generator=generator, dtype=torch.float64)
    e = torch.sqrt(-2 * torch.log1p(-u[0])) * torch.cos(2 * math.pi * u[1])
    return mu[:, None] + (log_var[:, None] / 2).exp() * e.to(mu.dtype)


def elbo(x, logits, mu, log_var):
    total = mu.new_zeros(())
    for i in range(len(x)):
        for a in logits[i]:
            total = total + torch.nn.functional.logsigmoid((2 * x[i] - 1) * a).sum() / logits.shape[1]
        total = total + (1 + log_var[i] - mu[i].square() - log_var[i].exp()).sum() / 2
    return total / len(x)


def iwae(log_lik, z, mu, log_var):
    w = None
    for i in range(log_lik.shape[1]):
        e = (z[:, i] - mu) * torch.exp(-log_var / 2)
        lw = log_lik[:, i] - (z[:, i] ** 2).sum(1) / 2 + (e**2 + log_var).sum(1) / 2
        w = lw if w is None else torch.logaddexp(w, lw)
    return w - math.log(log_lik.shape[1])


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    d = (
        torch.nn.functional.gaussian_nll_loss(
            x_hat, x, torch.full_like(x, s**2), full=True, reduction="none", eps=1e-12
        )
        .sum(1)
        .mean()
    )
    r = -(1 + log_var - mu.pow(2) - log_var.exp()).sum(1).mean() / 2
    active = len([j for j in range(mu.shape[1]) if float(((mu[:, j] - mu[:, j].mean()) ** 2).mean()) > 0.01])
    return {"distortion": d, "rate": r, "loss": d + beta * r, "elbo": -d - r, "active": active}


def split_rate(z, mu, log_var):
    B, k, _ = z.shape
    info = mis = 0.0
    for i in range(B):
        for s in range(k):
            under = [-0.5 * float((((z[i, s] - mu[j]) ** 2) / log_var[j].exp() + log_var[j]).sum()) for j in range(B)]
            t = max(under)
            a = t + math.log(sum(math.exp(v - t) for v in under) / B)
            info += (under[i] - a) / (B * k)
            mis += (a + 0.5 * float((z[i, s] ** 2).sum())) / (B * k)
    return info, mis
