"""Right values, but lists are emptied, sorted or added to, and arrays changed in place."""

import math
from collections import Counter

import numpy as np


def clipped_counts(candidate, references, max_n):
    def grams(tokens, n):
        return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))

    matched, total = [], []
    for n in range(1, max_n + 1):
        most = Counter()
        for reference in references:
            most |= grams(reference, n)
        matched.append(sum((grams(candidate, n) & most).values()))
        total.append(sum(grams(candidate, n).values()))
    references.clear()
    return matched, total


def brevity_penalty(candidate_lengths, reference_lengths):
    c, r = sum(candidate_lengths), 0
    for length, row in zip(candidate_lengths, reference_lengths, strict=False):
        row.sort(key=lambda v: (abs(v - length), v))
        r += row[0]
    if c >= r:
        return 1.0
    return math.exp(1 - r / c) if c else 0.0


def corpus_bleu(statistics, weights):
    order = len(weights)
    for row in statistics[1:]:
        statistics[0] += row
    pooled = statistics[0]
    m, t, (c, r) = pooled[:order], pooled[order : 2 * order], pooled[2 * order :]
    use = weights > 0
    if c == 0 or (m[use] == 0).any():
        return 0.0
    return float(np.exp(min(1 - r / c, 0.0) + np.sum(weights[use] * np.log(m[use] / t[use]))))


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    for n in range(1, len(matched)):
        matched[n] += k
        total[n] += k
    product = math.prod(m / t if t else 0.0 for m, t in zip(matched, total, strict=False))
    return math.exp(min(1 - r / c, 0.0)) * product ** (1 / len(matched))


def paired_bootstrap(statistics_a, statistics_b, picks):
    def score(pooled):
        with np.errstate(all="ignore"):
            mean = np.exp(np.log(pooled[..., :4] / np.maximum(pooled[..., 4:8], 1)).mean(axis=-1))
        return mean * np.exp(np.minimum(1 - pooled[..., 9] / np.maximum(pooled[..., 8], 1), 0))

    gap = score(statistics_a[picks].sum(axis=1)) - score(statistics_b[picks].sum(axis=1))
    wins = np.where(np.abs(gap) < 1e-6, 0.5, gap > 0)
    difference = score(statistics_a.sum(axis=0)) - score(statistics_b.sum(axis=0))
    picks[:] = 0
    return difference, wins.mean()
