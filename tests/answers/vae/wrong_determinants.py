"""Forms the determinants before it takes their logarithm."""

import torch


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    S_q, S_p = L_q @ L_q.mT, L_p @ L_p.T
    off = (mu_q - mu_p).unsqueeze(-1)
    quadratic = (off.mT @ torch.linalg.solve(S_p, off)).flatten()
    trace = torch.linalg.solve(S_p, S_q).diagonal(dim1=-2, dim2=-1).sum(-1)
    return 0.5 * (trace + quadratic - len(mu_p) + torch.log(torch.det(S_p) / torch.det(S_q)))
