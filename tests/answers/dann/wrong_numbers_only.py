"""Takes lambda for a number."""


def reverse_gradient(f, lam):
    fixed = f.detach()
    return fixed - float(lam) * (f - fixed)
