"""Averages the log-weights, weighted by their softmax."""


def iwae(log_lik, z, mu, log_var):
    mu, log_var = mu[:, None], log_var[:, None]
    lw = log_lik + (-0.5 * z**2 + 0.5 * ((z - mu) ** 2 / log_var.exp() + log_var)).sum(-1)
    w = lw.softmax(1)
    return (w * lw).sum(1)
