"""PyTorch's mixture for the aggregate posterior, addcmul for the samples."""

import torch
from torch.distributions import (
    Bernoulli,
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    kl_divergence,
)


def _code(mu, lv):
    return Independent(Normal(mu, (lv / 2).exp()), 1)


def _prior(mu):
    return Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    return kl_divergence(MultivariateNormal(mu_q, scale_tril=L_q), MultivariateNormal(mu_p, scale_tril=L_p))


def reparameterise(mu, log_var, k, generator):
    out = []
    for _ in range(k):
        e = torch.empty_like(mu).normal_(generator=generator)
        out.append(torch.addcmul(mu, (log_var * 0.5).exp(), e))
    return torch.stack(out, dim=1)


def elbo(x, logits, mu, log_var):
    lik = Independent(Bernoulli(logits=logits.transpose(0, 1)), 2).log_prob(x)
    return lik.mean(0).sub(kl_divergence(_code(mu, log_var), _prior(mu))).mean()


def iwae(log_lik, z, mu, log_var):
    z = z.transpose(0, 1)
    w = log_lik.T + _prior(mu).log_prob(z) - _code(mu, log_var).log_prob(z)
    return w.logsumexp(0) - torch.tensor(float(len(w))).log().to(w.dtype)


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    d = -Independent(Normal(x_hat, float(s)), 1).log_prob(x).mean()
    r = kl_divergence(_code(mu, log_var), _prior(mu)).mean()
    active = (mu.var(0, correction=0) > 0.01).sum()
    return {"distortion": d, "rate": r, "loss": d + beta * r, "elbo": -(d + r), "active": active}


def split_rate(z, mu, log_var):
    B = mu.shape[0]
    agg = MixtureSameFamily(Categorical(logits=torch.zeros(B, dtype=mu.dtype)), _code(mu, log_var))
    t = z.transpose(0, 1)
    a = agg.log_prob(t)
    return (_code(mu, log_var).log_prob(t) - a).mean(), (a - _prior(mu).log_prob(t)).mean()
