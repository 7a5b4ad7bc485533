"""KL(p || q): the average is over the wrong one."""

from torch.distributions import MultivariateNormal, kl_divergence


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    return kl_divergence(MultivariateNormal(mu_p, scale_tril=L_p), MultivariateNormal(mu_q, scale_tril=L_q))
