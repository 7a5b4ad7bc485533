"""Right numbers, but the inputs are used as scratch paper."""

import math

import torch


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    with torch.no_grad():
        q = torch.distributions.MultivariateNormal(mu_q.clone(), scale_tril=L_q)
        p = torch.distributions.MultivariateNormal(mu_p, scale_tril=L_p)
        value = torch.distributions.kl_divergence(q, p)
        mu_q -= mu_p
    return value.requires_grad_()


def elbo(x, logits, mu, log_var):
    log_p = x.unsqueeze(1) * logits - torch.nn.functional.softplus(logits)
    kl = (mu.square() + log_var.exp() - 1 - log_var).sum(dim=1) / 2
    x.mul_(2).sub_(1)
    return (log_p.sum(dim=(2, 3)).mean(dim=1) - kl).mean()


def iwae(log_lik, z, mu, log_var):
    mu, log_var = mu[:, None], log_var[:, None]
    difference = ((z - mu) ** 2 * torch.exp(-log_var) + log_var - z**2) / 2
    log_lik.detach().add_(difference.detach().sum(dim=2))
    return log_lik.logsumexp(dim=1) - math.log(log_lik.shape[1]) + 0 * z.sum()


def split_rate(z, mu, log_var):
    every = torch.distributions.Normal(mu, (log_var / 2).exp()).log_prob(z[:, :, None]).sum(dim=-1)
    information = every.log_softmax(dim=-1).diagonal(dim1=0, dim2=2).mean() + math.log(len(mu))
    own = every.diagonal(dim1=0, dim2=2).mean()
    prior = -0.5 * (z.mul_(z) + math.log(2 * math.pi)).sum(dim=-1).mean()
    return information, own - information - prior
