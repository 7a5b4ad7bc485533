"""Takes log_std for σ itself."""


def gaussian_score(mu, log_std, actions):
    return (actions - mu) / log_std**2, ((actions - mu) / log_std) ** 2 - 1
