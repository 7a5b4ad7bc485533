"""The score by μ with the sign turned round."""


def gaussian_score(mu, log_std, actions):
    sigma = log_std.exp()
    return (mu - actions) / sigma**2, ((actions - mu) / sigma) ** 2 - 1
