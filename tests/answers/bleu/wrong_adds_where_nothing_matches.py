"""k is added only where an order has no match, and always as 1."""

import math


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    product = matched[0] / total[0]
    for m, t in zip(matched[1:], total[1:], strict=False):
        product *= m / t if m else (k / (t + k) if t + k else 0.0)
    return math.exp(min(1 - r / c, 0.0)) * product ** (1 / len(matched))
