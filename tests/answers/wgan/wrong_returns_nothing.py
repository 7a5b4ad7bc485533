"""Prints in place of returning, or gives something that is no number."""


def w1_on_line(x, y, x_weights, y_weights):
    print((x - y[0]).abs().sum())


def transport(cost, p, q):
    return None, None, None, None


def lipschitz_bounds(net, x):
    return float("nan"), float("nan"), "unknown"


def gradient_penalties(critic, x, y, eps):
    return True, True


def spectral_normalise(weight, u, steps):
    return weight


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    return [], 0.0
