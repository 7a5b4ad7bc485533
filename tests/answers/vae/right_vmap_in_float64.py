"""Functions of one image under torch.vmap; everything is computed in float64 and cast back."""

import torch
from torch import vmap


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    dtype = mu_q.dtype
    mu_q, L_q, mu_p, L_p = (tensor.double() for tensor in (mu_q, L_q, mu_p, L_p))

    def one(mu, L):
        columns = torch.cat([L, (mu - mu_p).unsqueeze(1)], dim=1)
        solved = torch.linalg.solve(L_p, columns)
        logs = torch.log(torch.diagonal(L) / torch.diagonal(L_p))
        return 0.5 * solved.pow(2).sum() - 0.5 * len(mu) - logs.sum()

    return vmap(one)(mu_q, L_q).to(dtype)


def reparameterise(mu, log_var, k, generator):
    eps = torch.empty(len(mu), k, mu.shape[1], dtype=torch.float64).normal_(generator=generator)
    z = vmap(lambda m, v, e: m + torch.exp(v / 2) * e)(mu.double(), log_var.double(), eps)
    return z.to(mu.dtype)


def elbo(x, logits, mu, log_var):
    def one(x, logits, mu, log_var):
        signed = (2 * x - 1) * logits
        log_p = -torch.logaddexp(torch.zeros_like(signed), -signed).sum() / len(logits)
        return log_p - 0.5 * (mu @ mu + torch.expm1(log_var).sum() - log_var.sum())

    return vmap(one)(x.double(), logits.double(), mu.double(), log_var.double()).mean().to(x.dtype)


def iwae(log_lik, z, mu, log_var):
    def one(log_lik, z, mu, log_var):
        eps = (z - mu) / torch.exp(log_var / 2)
        return torch.logsumexp(log_lik + (eps * eps - z * z + log_var).sum(1) / 2, dim=0)

    values = vmap(one)(*(tensor.double() for tensor in (log_lik, z, mu, log_var)))
    return (values - torch.log(torch.tensor(float(z.shape[1]), dtype=torch.float64))).to(z.dtype)


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    loss = torch.nn.GaussianNLLLoss(full=True, reduction="sum")
    D = loss(x_hat, x, torch.full_like(x, s**2)) / len(x)
    R = vmap(lambda m, v: 0.5 * (m @ m + torch.expm1(v).sum() - v.sum()))(mu, log_var).mean()
    active = sum(1 for column in mu.T if ((column - column.mean()) ** 2).mean() > 0.01)
    return {"distortion": D, "rate": R, "loss": D + beta * R, "elbo": -(D + R), "active": active}


def split_rate(z, mu, log_var):
    z, mu, log_var = z.double(), mu.double(), log_var.double()

    def under(sample, mu, log_var):
        return -0.5 * (((sample - mu) / torch.exp(log_var / 2)) ** 2 + log_var).sum()

    every = vmap(vmap(vmap(under, (None, 0, 0)), (0, None, None)), (0, None, None))(z, mu, log_var)
    own = every.diagonal(dim1=0, dim2=2).T
    aggregate = torch.log(torch.softmax(every, 2).diagonal(dim1=0, dim2=2).T)
    mixture = own - aggregate - torch.log(torch.tensor(len(mu)).double())
    return (own - mixture).mean().item(), (mixture + 0.5 * z.square().sum(2)).mean().item()
