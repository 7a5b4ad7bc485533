"""Ignores the correlations, as a diagonal encoder does."""

import torch


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    var_q, var_p = torch.diagonal(L_q @ L_q.mT, dim1=-2, dim2=-1), torch.diagonal(L_p @ L_p.T)
    terms = var_q / var_p + (mu_q - mu_p) ** 2 / var_p - 1 + var_p.log() - var_q.log()
    return terms.sum(dim=-1) / 2
