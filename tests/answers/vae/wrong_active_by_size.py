"""Counts means that are not near zero, whatever they do over the batch."""

import math


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    log_p = -((x - x_hat) ** 2 / s**2 + math.log(2 * math.pi * s**2)) / 2
    distortion = -log_p.sum(dim=1).mean()
    rate = (mu.square() + log_var.exp() - 1 - log_var).sum(dim=1).mean() / 2
    return {
        "distortion": distortion,
        "rate": rate,
        "loss": distortion + beta * rate,
        "elbo": -distortion - rate,
        "active": int((mu.square().mean(dim=0) > 0.01).sum()),
    }
