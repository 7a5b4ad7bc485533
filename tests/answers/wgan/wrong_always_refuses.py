"""Everything is a ValueError."""


def w1_on_line(*arguments):
    raise ValueError("no")


def transport(*arguments):
    raise ValueError("no")


def lipschitz_bounds(*arguments):
    raise ValueError("no")


def gradient_penalties(*arguments):
    raise ValueError("no")


def spectral_normalise(*arguments):
    raise ValueError("no")


def wgan_round(*arguments):
    raise ValueError("no")
