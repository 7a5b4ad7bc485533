"""Gives its inputs back, and zeros."""


def w1_on_line(x, y, x_weights, y_weights):
    return 0 * (x.sum() + y.sum())


def transport(cost, p, q):
    return 0.0, 0 * cost, 0 * p, 0 * q


def lipschitz_bounds(net, x):
    return 0.0, 0.0, "yes"


def gradient_penalties(critic, x, y, eps):
    zero = 0 * critic(x).sum()
    return 0 * eps + zero, 0 * eps + zero


def spectral_normalise(weight, u, steps):
    return weight, u


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    return [0.0 for _ in xs], 0.0
