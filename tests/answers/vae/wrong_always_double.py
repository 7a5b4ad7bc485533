"""Gives float64 whatever comes in."""

import math

import torch

D = torch.float64


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    mu_q, L_q, mu_p, L_p = (t.to(D) for t in (mu_q, L_q, mu_p, L_p))
    A = torch.linalg.solve_triangular(L_p, L_q, upper=False)
    d = torch.linalg.solve_triangular(L_p, (mu_q - mu_p)[..., None], upper=False)
    logs = [torch.diagonal(L, dim1=-2, dim2=-1).log().sum(-1) for L in (L_p, L_q)]
    return 0.5 * ((A**2).sum((1, 2)) + (d**2).sum((1, 2)) - len(mu_p)) + logs[0] - logs[1]


def reparameterise(mu, log_var, k, generator):
    return mu[:, None].double() + torch.exp(log_var[:, None] / 2) * torch.randn(
        len(mu), k, mu.shape[1], dtype=D, generator=generator
    )


def rate_of(mu, lv):
    return 0.5 * (mu**2 + lv.exp() - 1 - lv).sum(-1)


def elbo(x, logits, mu, log_var):
    x, logits, mu, log_var = (t.double() for t in (x, logits, mu, log_var))
    return (x[:, None] * logits - torch.nn.functional.softplus(logits)).sum((2, 3)).mean() - rate_of(mu, log_var).mean()


def iwae(log_lik, z, mu, log_var):
    log_lik, z, mu, log_var = (t.double() for t in (log_lik, z, mu, log_var))
    lp = -0.5 * z**2
    lq = -0.5 * ((z - mu[:, None]) ** 2 / log_var[:, None].exp() + log_var[:, None])
    return (log_lik + (lp - lq).sum(-1)).logsumexp(1) - math.log(z.shape[1])


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    x, x_hat, mu, log_var = (t.double() for t in (x, x_hat, mu, log_var))
    Dd = ((x - x_hat) ** 2 / (2 * s**2) + 0.5 * math.log(2 * math.pi * s**2)).sum(1).mean()
    R = rate_of(mu, log_var).mean()
    active = int((mu.var(0, unbiased=False) > 0.01).sum())
    return {"distortion": Dd, "rate": R, "loss": Dd + beta * R, "elbo": -Dd - R, "active": active}
