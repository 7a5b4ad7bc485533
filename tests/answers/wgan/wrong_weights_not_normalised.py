"""The weights are taken for masses that sum to 1."""

import torch


def w1_on_line(x, y, x_weights, y_weights):
    for points, weights in ((x, x_weights), (y, y_weights)):
        if points.shape != weights.shape:
            raise ValueError(f"expected one weight a point, got {tuple(weights.shape)} for {tuple(points.shape)}")
        # Written so that nan, which compares false with everything, is refused too.
        if not ((weights >= 0).all() and weights.sum() > 0):
            raise ValueError(f"expected weights of at least 0 that are not all 0, got {weights}")
    # The left side of (WGAN.3): between two neighbours of the joint sample both distribution functions are constant.
    signed = torch.cat([x_weights, -y_weights])
    points, order = torch.cat([x, y]).sort()
    difference = signed[order].cumsum(dim=0)[:-1]  # F_p - F_q on each gap
    return (difference.abs() * points.diff()).sum()
