"""Reports beta times the rate as the rate."""

import math


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    log_p = -((x - x_hat) ** 2 / s**2 + math.log(2 * math.pi * s**2)) / 2
    distortion = -log_p.sum(dim=1).mean()
    rate = (mu.square() + log_var.exp() - 1 - log_var).sum(dim=1).mean() / 2 * beta
    return {
        "distortion": distortion,
        "rate": rate,
        "loss": distortion + rate,
        "elbo": -distortion - rate / beta if beta else math.nan,
        "active": int((mu.var(dim=0, unbiased=False) > 0.01).sum()),
    }
