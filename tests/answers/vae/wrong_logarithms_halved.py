"""Takes the determinant of L for that of the covariance."""

import torch


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    solve = torch.linalg.solve_triangular
    spread = solve(L_p, L_q, upper=False).square().sum(dim=(-2, -1))
    shift = solve(L_p, (mu_q - mu_p).unsqueeze(-1), upper=False).square().sum(dim=(-2, -1))
    log_q = L_q.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
    log_p = L_p.diagonal().log().sum()
    return (spread + shift - mu_q.shape[-1]) / 2 + (log_p - log_q) / 2
