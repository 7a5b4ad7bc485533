"""PyTorch's distributions wherever there is one."""

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


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    return kl_divergence(MultivariateNormal(mu_q, scale_tril=L_q), MultivariateNormal(mu_p, scale_tril=L_p))


def reparameterise(mu, log_var, k, generator):
    shape = (mu.shape[0], k, mu.shape[1])
    eps = torch.normal(torch.zeros(shape, dtype=mu.dtype), torch.ones(shape, dtype=mu.dtype), generator=generator)
    return torch.addcmul(mu[:, None], eps, torch.exp(0.5 * log_var)[:, None])


def elbo(x, logits, mu, log_var):
    log_p = Independent(Bernoulli(logits=logits.movedim(1, 0)), 2).log_prob(x)
    kl = kl_divergence(Normal(mu, (0.5 * log_var).exp()), Normal(torch.zeros_like(mu), torch.ones_like(mu)))
    return log_p.mean() - kl.sum(-1).mean()


def iwae(log_lik, z, mu, log_var):
    z = z.transpose(0, 1)
    q = Independent(Normal(mu, torch.sqrt(torch.exp(log_var))), 1)
    p = Independent(Normal(torch.zeros_like(mu), 1.0), 1)
    log_w = log_lik.T + p.log_prob(z) - q.log_prob(z)
    return torch.logsumexp(log_w, 0) - torch.log(torch.tensor(len(log_w)))


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    D = -Independent(Normal(x_hat, s), 1).log_prob(x).mean()
    R = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
    active = (mu.var(0, correction=0) > 0.01).sum()
    return {"distortion": D, "rate": R, "loss": torch.add(D, R, alpha=beta), "elbo": -(D + R), "active": active}


def split_rate(z, mu, log_var):
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    mixture = MixtureSameFamily(Categorical(probs=torch.ones(len(mu), dtype=mu.dtype)), q)
    samples = z.transpose(0, 1)
    own, aggregate = q.log_prob(samples), mixture.log_prob(samples)
    prior = Normal(0.0, 1.0).log_prob(samples).sum(-1)
    return torch.stack([(own - aggregate).mean(), (aggregate - prior).mean()])
