"""chrF is 0, whatever comes."""


def chrf(candidate, reference, max_n=6, beta=2.0):
    """The character F-score; here a constant."""
    return 0.0
