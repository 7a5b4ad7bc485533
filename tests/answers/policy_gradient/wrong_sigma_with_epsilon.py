"""Adds 0.001 to σ, so that narrow policies are not as narrow."""


def gaussian_score(mu, log_std, actions):
    sigma = log_std.exp() + 1e-3
    z = (actions - mu) / sigma
    return z / sigma, z**2 - 1
