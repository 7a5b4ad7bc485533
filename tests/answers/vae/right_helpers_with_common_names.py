"""Small helpers whose names a test cell might use, too: kl, log_p, noise, information."""

import math

import torch


def kl(mu, log_var):
    return 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(dim=-1)


def log_normal(z, mu, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (z - mu) ** 2 * torch.exp(-log_var)).sum(dim=-1)


def log_p(x, logits):
    return (x * logits - torch.nn.functional.softplus(logits)).sum(dim=(-2, -1))


def noise(shape, like, generator):
    return torch.randn(shape, dtype=like.dtype, generator=generator)


def D(x, x_hat, s):
    return (((x - x_hat) / s) ** 2 / 2 + math.log(s) + 0.5 * math.log(2 * math.pi)).sum(dim=1).mean()


def R(mu, log_var):
    return kl(mu, log_var).mean()


def aggregate(z, mu, log_var):
    return torch.logsumexp(log_normal(z[:, :, None], mu, log_var), dim=2) - math.log(len(mu))


def information(z, mu, log_var):
    return (log_normal(z, mu[:, None], log_var[:, None]) - aggregate(z, mu, log_var)).mean()


def misfit(z, mu, log_var):
    zero = torch.zeros_like(z)
    return (aggregate(z, mu, log_var) - log_normal(z, zero, zero)).mean()


def reparameterise(mu, log_var, k, generator):
    eps = noise((len(mu), k, mu.shape[1]), mu, generator)
    return mu[:, None] + torch.exp(log_var / 2)[:, None] * eps


def elbo(x, logits, mu, log_var):
    return (log_p(x[:, None], logits).mean(dim=1) - kl(mu, log_var)).mean()


def iwae(log_lik, z, mu, log_var):
    zero = torch.zeros_like(z)
    log_w = log_lik + log_normal(z, zero, zero) - log_normal(z, mu[:, None], log_var[:, None])
    return torch.logsumexp(log_w, dim=1) - math.log(log_w.shape[1])


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    distortion, rate = D(x, x_hat, s), R(mu, log_var)
    active = int((mu.var(dim=0, correction=0) > 0.01).sum())
    return {
        "distortion": distortion,
        "rate": rate,
        "loss": distortion + beta * rate,
        "elbo": -distortion - rate,
        "active": active,
    }


def split_rate(z, mu, log_var):
    return information(z, mu, log_var), misfit(z, mu, log_var)
