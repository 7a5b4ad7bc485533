"""Computes, and forgets to return."""


def gaussian_kl(mu_q, L_q, mu_p, L_p):
    pass


def reparameterise(mu, log_var, k, generator):
    pass


def elbo(x, logits, mu, log_var):
    pass


def iwae(log_lik, z, mu, log_var):
    pass


def rate_distortion(x, x_hat, mu, log_var, s, beta):
    pass


def split_rate(z, mu, log_var):
    pass
