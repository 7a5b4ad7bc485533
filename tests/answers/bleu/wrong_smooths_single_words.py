"""k is added to the counts of single words, too."""

import math


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    product = 1.0
    for m, t in zip(matched, total, strict=False):
        product *= (m + k) / (t + k) if t + k else 0.0
    return math.exp(min(1 - r / c, 0.0)) * product ** (1 / len(matched))
