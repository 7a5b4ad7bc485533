"""NumPy throughout; arrays and NumPy scalars come back."""

from collections import Counter
from functools import reduce
from operator import or_

import numpy as np


def clipped_counts(candidate, references, max_n):
    def grams(tokens, n):
        return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))

    orders = range(1, max_n + 1)
    most = [reduce(or_, (grams(reference, n) for reference in references)) for n in orders]
    matched = np.array([sum((grams(candidate, n) & top).values()) for n, top in zip(orders, most, strict=False)])
    return matched, np.maximum(len(candidate) - np.arange(max_n), 0)


def brevity_penalty(candidate_lengths, reference_lengths):
    closest = []
    for c, choices in zip(candidate_lengths, reference_lengths, strict=False):
        choices = np.sort(choices)
        closest.append(choices[np.argmin(np.abs(choices - c))])
    c, r = np.sum(candidate_lengths), np.sum(closest)
    with np.errstate(all="ignore"):
        return np.float64(1.0) if c >= r else np.exp(np.float64(1) - np.float64(r) / c)


def _bleu(sums, weights):
    order = len(weights)
    m, t, c, r = sums[..., :order], sums[..., order : 2 * order], sums[..., -2], sums[..., -1]
    with np.errstate(all="ignore"):
        p = np.where(m > 0, m / t, 0.0)
        geometric = np.prod(p**weights, axis=-1)  # 0 to the power 0 is 1
        return np.where(c > 0, geometric * np.exp(np.minimum(0, 1 - r / c)), 0.0)


def corpus_bleu(statistics, weights):
    return _bleu(np.sum(statistics, axis=0), weights)


def add_k_bleu(matched, total, c, r, k):
    m, t = np.array(matched, dtype=float), np.array(total, dtype=float)
    if not m[0]:
        return np.float64(0)
    m[1:] += k
    t[1:] += k
    p = np.divide(m, t, out=np.zeros_like(m), where=t > 0)
    return np.prod(p) ** (1 / m.size) * np.minimum(1, np.exp(1 - np.divide(r, c)))


def chrf(candidate, reference, max_n=6, beta=2.0):
    a, b = ("".join(text.split()) for text in (candidate, reference))
    orders = np.arange(1, max_n + 1)
    h, r = (np.maximum(len(text) - orders + 1, 0) for text in (a, b))

    def grams(text, n):
        return Counter(text[i : i + n] for i in range(len(text) - n + 1))

    m = np.array([sum((grams(a, n) & grams(b, n)).values()) for n in orders])
    use = (h > 0) & (r > 0)
    if not m.any():
        return 0.0
    precision, recall = (m[use] / h[use]).mean(), (m[use] / r[use]).mean()
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def paired_bootstrap(statistics_a, statistics_b, picks):
    weights = np.full(4, 0.25)
    both = np.stack([statistics_a, statistics_b])  # (2, S, 10)
    on_all = _bleu(both.sum(axis=1), weights)
    resampled = _bleu(both[:, picks].sum(axis=2), weights)  # (2, B)
    gap = np.where(np.abs(resampled[0] - resampled[1]) < 1e-6, 0.0, resampled[0] - resampled[1])
    return on_all[0] - on_all[1], np.mean((np.sign(gap) + 1) / 2)
