"""N = 4 is written into the code."""

import math

import numpy as np


def clipped_counts(candidate, references, max_n):
    from collections import Counter

    def grams(tokens, n):
        return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))

    matched, total = [], []
    for n in (1, 2, 3, 4):
        most = Counter()
        for reference in references:
            most |= grams(reference, n)
        matched.append(sum((grams(candidate, n) & most).values()))
        total.append(sum(grams(candidate, n).values()))
    return matched[:max_n], total[:max_n]


def corpus_bleu(statistics, weights):
    pooled = statistics.sum(axis=0)
    m, t, c, r = pooled[:4], pooled[4:8], pooled[8], pooled[9]
    use = weights > 0
    if c == 0 or (m[use] == 0).any():
        return 0.0
    return float(np.exp(min(1 - r / c, 0.0) + np.sum(weights[use] * np.log(m[use] / t[use]))))


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    product = matched[0] / total[0]
    for m, t in zip(matched[1:], total[1:], strict=False):
        product *= (m + k) / (t + k) if t + k else 0.0
    return math.exp(min(1 - r / c, 0.0)) * product**0.25
