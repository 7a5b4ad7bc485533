"""Everything is computed segment by segment and averaged."""

import math

import numpy as np


def brevity_penalty(candidate_lengths, reference_lengths):
    penalties = []
    for c, row in zip(candidate_lengths, reference_lengths, strict=False):
        r = min(row, key=lambda v: (abs(v - c), v))
        penalties.append(1.0 if c >= r else math.exp(1 - r / c) if c else 0.0)
    return sum(penalties) / len(penalties)


def _one(row, weights):
    order = len(weights)
    m, t, (c, r) = row[:order], row[order : 2 * order], row[2 * order :]
    use = weights > 0
    if c == 0 or (m[use] == 0).any():
        return 0.0
    return float(np.exp(min(1 - r / c, 0.0) + np.sum(weights[use] * np.log(m[use] / t[use]))))


def corpus_bleu(statistics, weights):
    return float(np.mean([_one(row, weights) for row in statistics]))


def paired_bootstrap(statistics_a, statistics_b, picks):
    weights = np.full(4, 0.25)
    a = np.array([_one(row, weights) for row in statistics_a])
    b = np.array([_one(row, weights) for row in statistics_b])
    gap = a[picks].mean(axis=1) - b[picks].mean(axis=1)
    wins = np.where(np.abs(gap) < 1e-6, 0.5, gap > 0)
    return a.mean() - b.mean(), wins.mean()
