"""Cuts the gradient off, which is lambda = 0."""


def reverse_gradient(f, lam):
    return f.detach()
