"""k is added to the matches and not to the totals."""

import math


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    product = matched[0] / total[0]
    for m, t in zip(matched[1:], total[1:], strict=False):
        product *= (m + k) / t if t else float(k > 0)
    return math.exp(min(1 - r / c, 0.0)) * product ** (1 / len(matched))
