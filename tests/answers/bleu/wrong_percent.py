"""Scores from 0 to 100."""

import math
from collections import Counter

import numpy as np


def corpus_bleu(statistics, weights):
    order = len(weights)
    pooled = statistics.sum(axis=0)
    m, t, (c, r) = pooled[:order], pooled[order : 2 * order], pooled[2 * order :]
    use = weights > 0
    if c == 0 or (m[use] == 0).any():
        return 0.0
    return 100 * float(np.exp(min(1 - r / c, 0.0) + np.sum(weights[use] * np.log(m[use] / t[use]))))


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    product = matched[0] / total[0]
    for m, t in zip(matched[1:], total[1:], strict=False):
        product *= (m + k) / (t + k) if t + k else 0.0
    return 100 * math.exp(min(1 - r / c, 0.0)) * product ** (1 / len(matched))


def chrf(candidate, reference, max_n=6, beta=2.0):
    candidate, reference = "".join(candidate.split()), "".join(reference.split())
    p, r = [], []
    for n in range(1, min(max_n, len(candidate), len(reference)) + 1):
        a = Counter(candidate[i : i + n] for i in range(len(candidate) - n + 1))
        b = Counter(reference[i : i + n] for i in range(len(reference) - n + 1))
        same = sum((a & b).values())
        p.append(same / sum(a.values()))
        r.append(same / sum(b.values()))
    if not sum(p):
        return 0.0
    p, r = sum(p) / len(p), sum(r) / len(r)
    return 100 * (1 + beta**2) * p * r / (beta**2 * p + r)
