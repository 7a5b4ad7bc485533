"""Takes log_std for the logarithm of the variance."""


def gaussian_score(mu, log_std, actions):
    variance = log_std.exp()
    return (actions - mu) / variance, ((actions - mu) ** 2 / variance - 1) / 2
