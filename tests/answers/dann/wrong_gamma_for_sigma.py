"""Takes sigma for the factor of the squared distance."""

import torch


def mmd2(f, g, sigmas):
    """Biased and unbiased squared MMD of f (n, d) and g (m, d): two tensors of shape ()."""

    def kernel(a, b):
        squared = (a[:, None] - b[None, :]).square().sum(dim=2)  # (len(a), len(b))
        return sum(torch.exp(-sigma * squared) for sigma in sigmas) / len(sigmas)

    n, m = len(f), len(g)
    within_f, within_g, across = kernel(f, f), kernel(g, g), kernel(f, g).mean()
    biased = within_f.mean() + within_g.mean() - 2 * across
    # The diagonal of each matrix is n or m ones.
    unbiased = (within_f.sum() - n) / (n * (n - 1)) + (within_g.sum() - m) / (m * (m - 1)) - 2 * across
    return biased, unbiased
