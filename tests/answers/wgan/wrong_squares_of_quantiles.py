"""W_2 in place of W_1."""

import torch


def w1_on_line(x, y, x_weights, y_weights):
    for points, weights in ((x, x_weights), (y, y_weights)):
        if points.shape != weights.shape:
            raise ValueError("shapes")
        if not ((weights >= 0).all() and weights.sum() > 0):
            raise ValueError("weights")
    i, j = x.argsort(), y.argsort()
    cdf_x = (x_weights[i] / x_weights.sum()).cumsum(0)
    cdf_y = (y_weights[j] / y_weights.sum()).cumsum(0)
    u = torch.cat([cdf_x, cdf_y]).sort().values
    widths = torch.cat([u[:1], u.diff()])
    way = x[i][torch.searchsorted(cdf_x[:-1], u - widths / 2)] - y[j][torch.searchsorted(cdf_y[:-1], u - widths / 2)]
    return (way.square() * widths).sum().sqrt()
