"""Covariances in full, losses of torch.nn, einsum, the largest log-weight taken out by hand."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    S_q, S_p = L_q @ L_q.mT, L_p @ L_p.T
    inverse = torch.cholesky_inverse(L_p)
    off = mu_p - mu_q
    trace = torch.einsum("ij,bji->b", inverse, S_q)
    quadratic = torch.einsum("bi,ij,bj->b", off, inverse, off)
    return 0.5 * (trace + quadratic - len(mu_p) + torch.logdet(S_p) - torch.linalg.slogdet(S_q).logabsdet)


def reparameterise(mu, log_var, k, generator):
    noise = torch.randn((k, *mu.shape), generator=generator, dtype=mu.dtype)
    return (mu + noise * log_var.mul(0.5).exp()).permute(1, 0, 2)


def elbo(x, logits, mu, log_var):
    B, k = logits.shape[:2]
    target = x.unsqueeze(1).expand_as(logits)
    reconstruction = F.binary_cross_entropy_with_logits(logits, target, reduction="sum") / k
    kld = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return -(reconstruction + kld) / B


def iwae(log_lik, z, mu, log_var):
    mu, log_var = mu[:, None], log_var[:, None]
    log_q = -0.5 * (math.log(2 * math.pi) + log_var + (z - mu) ** 2 / log_var.exp()).sum(-1)
    log_p = -0.5 * (math.log(2 * math.pi) + z**2).sum(-1)
    log_w = log_lik + log_p - log_q
    top = log_w.max(dim=1, keepdim=True).values.detach().clamp(min=-1e30)
    return torch.log(torch.mean(torch.exp(log_w - top), dim=1)) + top.squeeze(1)


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    B, d = x.shape
    D = F.mse_loss(x_hat, x, reduction="sum") / B / (2 * s**2) + d * np.log(s) + d / 2 * np.log(2 * np.pi)
    R = torch.einsum("bm->", mu**2 + log_var.exp() - 1 - log_var) / (2 * B)
    active = np.count_nonzero(mu.detach().numpy().var(axis=0) > 0.01)
    return {"distortion": D, "rate": R, "loss": D + beta * R, "elbo": -D - R, "active": active}


def split_rate(z, mu, log_var):
    def log_density(z, mu, log_var):
        return -0.5 * ((z - mu) ** 2 * torch.exp(-log_var) + log_var + math.log(2 * math.pi)).sum(-1)

    matrix = log_density(z[:, :, None], mu[None, None], log_var[None, None])
    own = torch.einsum("isi->is", matrix)
    shares = torch.log_softmax(matrix, dim=-1)
    information = torch.einsum("isi->is", shares).mean() + math.log(len(mu))
    rate = (own - log_density(z, torch.zeros(()), torch.zeros(()))).mean()
    return information, rate - information
