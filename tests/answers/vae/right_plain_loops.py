"""One number at a time in loops; tensors only where a gradient has to pass."""

import math

import torch


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    def forward_substitution(L, b):
        solved = []
        for r in range(len(b)):
            solved.append((b[r] - sum(L[r, c] * solved[c] for c in range(r))) / L[r, r])
        return solved

    values = []
    m = len(mu_p)
    for mean, L in zip(mu_q, L_q, strict=True):
        total = sum(y**2 for y in forward_substitution(L_p, mean - mu_p))
        for c in range(m):
            total = total + sum(y**2 for y in forward_substitution(L_p, L[:, c]))
        for r in range(m):
            total = total - 1 + 2 * torch.log(L_p[r, r]) - 2 * torch.log(L[r, r])
        values.append(0.5 * total)
    return torch.stack(values)


def reparameterise(mu, log_var, k, generator):
    images = []
    for mean, log in zip(mu, log_var, strict=True):
        samples = []
        for _ in range(k):
            samples.append(mean + torch.sqrt(log.exp()) * torch.randn(len(mean), generator=generator).to(mean.dtype))
        images.append(torch.stack(samples))
    return torch.stack(images)


def elbo(x, logits, mu, log_var):
    total = 0.0
    B, k = logits.shape[:2]
    for i in range(B):
        for s in range(k):
            ones = torch.nn.functional.logsigmoid(logits[i, s])
            zeros = torch.nn.functional.logsigmoid(-logits[i, s])
            total = total + torch.where(x[i] > 0.5, ones, zeros).sum() / k
        for mean, log in zip(mu[i], log_var[i], strict=True):
            total = total + 0.5 * (1 + log - mean**2 - torch.exp(log))
    return total / B


def iwae(log_lik, z, mu, log_var):
    values = []
    B, k = log_lik.shape
    for i in range(B):
        log_w = []
        for s in range(k):
            w = log_lik[i, s]
            for a, mean, log in zip(z[i, s], mu[i], log_var[i], strict=True):
                w = w - a**2 / 2 + log / 2 + (a - mean) ** 2 / (2 * torch.exp(log))
            log_w.append(w)
        largest = max(w.item() for w in log_w)
        if largest == -math.inf:
            values.append(sum(log_w))
        else:
            values.append(largest + torch.log(sum(torch.exp(w - largest) for w in log_w) / k))
    return torch.stack(values)


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    B, d = x.shape
    distortion, rate, active = 0.0, 0.0, 0
    for i in range(B):
        for j in range(d):
            distortion = distortion + 0.5 * ((x[i, j] - x_hat[i, j]) / s) ** 2 + math.log(s * math.sqrt(2 * math.pi))
        for mean, log in zip(mu[i], log_var[i], strict=True):
            rate = rate + 0.5 * (mean**2 + torch.exp(log) - 1.0 - log)
    distortion, rate = distortion / B, rate / B
    for column in mu.T.tolist():
        mean = sum(column) / B
        active += sum((value - mean) ** 2 for value in column) / B > 0.01
    loss, bound = distortion + beta * rate, -(distortion + rate)
    return {"active": active, "loss": loss, "elbo": bound, "rate": rate, "distortion": distortion}


def split_rate(z, mu, log_var):
    z, mu, log_var = z.tolist(), mu.tolist(), log_var.tolist()

    def log_normal(values, means, logs):
        parts = zip(values, means, logs, strict=True)
        return sum(-0.5 * (math.log(2 * math.pi) + v + (a - m) ** 2 * math.exp(-v)) for a, m, v in parts)

    information, misfit, count = 0.0, 0.0, 0
    for i, samples in enumerate(z):
        for sample in samples:
            under = [log_normal(sample, m, v) for m, v in zip(mu, log_var, strict=True)]
            top = max(under)
            mixture = top + math.log(sum(math.exp(u - top) for u in under) / len(mu))
            information += under[i] - mixture
            misfit += mixture - log_normal(sample, [0.0] * len(sample), [0.0] * len(sample))
            count += 1
    return information / count, misfit / count
