"""Knows only the standard Gaussian as prior."""


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    spread = L_q.square().sum(dim=(1, 2)) + mu_q.square().sum(dim=1) - mu_q.shape[1]
    return spread / 2 - L_q.diagonal(dim1=1, dim2=2).log().sum(dim=1)
