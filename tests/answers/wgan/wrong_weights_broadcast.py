"""One weight for all points is let through by broadcasting; nothing is refused."""

import torch


def w1_on_line(x, y, x_weights, y_weights):
    x_weights = x_weights / x_weights.sum() + 0 * x
    y_weights = y_weights / y_weights.sum() + 0 * y
    points, order = torch.cat([x, y]).sort()
    difference = torch.cat([x_weights, -y_weights])[order].cumsum(dim=0)[:-1]
    return (difference.abs() * points.diff()).sum()
