"""Iterators and reductions; means in place of sums; resamples as a matrix of counts."""

import math
import operator
from collections import Counter
from functools import reduce
from itertools import islice

import numpy as np
import torch


def _grams(s, n):
    return Counter(zip(*(islice(s, i, None) for i in range(n)), strict=False))


def clipped_counts(candidate, references, max_n):
    have = [_grams(candidate, n) for n in range(1, max_n + 1)]
    seen = [reduce(operator.or_, (_grams(r, n) for r in references)) for n in range(1, max_n + 1)]
    return tuple(np.array([sum((h & s).values()) for h, s in zip(have, seen, strict=False)])), np.array(
        [h.total() for h in have]
    )


def brevity_penalty(candidate_lengths, reference_lengths):
    c = sum(candidate_lengths)
    r = sum(map(lambda ci, rs: min((abs(x - ci), x) for x in rs)[1], candidate_lengths, reference_lengths))
    return torch.tensor(1.0) if c >= r else torch.exp(1 - torch.tensor(r / c if c else float("inf")))


def corpus_bleu(statistics, weights):
    *mt, c, r = statistics.mean(axis=0)
    m, t = np.split(np.array(mt), 2)
    if not c:
        return 0
    with np.errstate(all="ignore"):
        return np.exp(min(0, 1 - r / c)) * np.prod(np.where(weights > 0, np.nan_to_num(m / t) ** weights, 1))


def add_k_bleu(matched, total, c, r, k):
    if not matched[0]:
        return 0
    p = [
        matched[0] / total[0],
        *((m + k) / (t + k) if t + k else 0 for m, t in zip(matched[1:], total[1:], strict=False)),
    ]
    return min(1, np.exp(1 - r / c)) * math.prod(p) ** (1 / len(p))


def chrf(candidate, reference, max_n=6, beta=2.0):
    import re

    a, b = re.sub(r"\s+", "", candidate), re.sub(r"\s+", "", reference)
    N = min(max_n, len(a), len(b))
    if not N:
        return 0.0
    m = np.array([(_grams(a, n) & _grams(b, n)).total() for n in range(1, N + 1)])
    P = np.mean(m / (len(a) - np.arange(N)))
    R = np.mean(m / (len(b) - np.arange(N)))
    return 0.0 if P == 0 else 1 / ((1 / P + beta**2 / R) / (1 + beta**2))


def paired_bootstrap(statistics_a, statistics_b, picks):
    S = len(statistics_a)
    often = np.stack([np.bincount(row, minlength=S) for row in np.vstack([np.arange(S), picks])])

    def scores(rows):
        with np.errstate(all="ignore"):
            s = (often @ rows).astype(float)
            log = np.log(s[:, :4] / s[:, 4:8]).mean(axis=1) + np.minimum(0, 1 - s[:, 9] / s[:, 8])
            return np.nan_to_num(np.exp(log))

    gap = scores(statistics_a) - scores(statistics_b)
    return [gap[0], np.where(abs(gap[1:]) < 1e-6, 0.5, gap[1:] > 0).mean()]
