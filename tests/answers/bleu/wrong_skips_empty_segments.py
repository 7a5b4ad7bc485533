"""Leaves out the segments with an empty candidate."""

import math

import numpy as np


def brevity_penalty(candidate_lengths, reference_lengths):
    c = r = 0
    for ci, rs in zip(candidate_lengths, reference_lengths, strict=False):
        if ci == 0 and len(candidate_lengths) > 1:
            continue
        c += ci
        r += min(rs, key=lambda x: (abs(x - ci), x))
    if c >= r:
        return 1.0
    return math.exp(1 - r / c) if c else 0.0


def corpus_bleu(statistics, weights):
    N = len(weights)
    s = statistics[statistics[:, -2] > 0].sum(axis=0)
    m, t, c, r = s[:N], s[N : 2 * N], s[-2], s[-1]
    if c == 0:
        return 0.0
    use = weights > 0
    if (m[use] == 0).any():
        return 0.0
    return float(min(1, math.exp(1 - r / c)) * np.prod((m[use] / t[use]) ** weights[use]))
