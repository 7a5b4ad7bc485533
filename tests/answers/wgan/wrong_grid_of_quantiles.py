"""Quantiles on a grid of a thousand levels: nearly right."""

import torch


def w1_on_line(x, y, x_weights, y_weights):
    for points, weights in ((x, x_weights), (y, y_weights)):
        if points.shape != weights.shape:
            raise ValueError(f"expected one weight a point, got {tuple(weights.shape)} for {tuple(points.shape)}")
        # Written so that nan, which compares false with everything, is refused too.
        if not ((weights >= 0).all() and weights.sum() > 0):
            raise ValueError(f"expected weights of at least 0 that are not all 0, got {weights}")
    # The left side of (WGAN.3): between two neighbours of the joint sample both distribution functions are constant.
    u = (torch.arange(1000, dtype=x.dtype) + 0.5) / 1000
    ways = []
    for points, weights in ((x, x_weights), (y, y_weights)):
        order = points.argsort()
        cdf = (weights[order] / weights.sum()).cumsum(0)
        ways.append(points[order][torch.searchsorted(cdf, u).clamp(max=len(points) - 1)])
    return (ways[0] - ways[1]).abs().mean()
