"""Leaves out the orders without n-grams, in place of p_n = k/k = 1."""

import math


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0 or c == 0:
        return 0.0
    p = matched[0] / total[0]
    N = 1
    for m, t in zip(matched[1:], total[1:], strict=False):
        if t == 0:
            continue
        N += 1
        p *= (m + k) / (t + k)
    return min(1, math.exp(1 - r / c)) * p ** (1 / N)
