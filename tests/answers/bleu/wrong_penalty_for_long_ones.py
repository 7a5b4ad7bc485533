"""e^(1 - r/c) for all lengths: candidates that are too long are rewarded."""

import math

import numpy as np


def brevity_penalty(candidate_lengths, reference_lengths):
    c = sum(candidate_lengths)
    r = sum(
        min(row, key=lambda v: (abs(v - length), v))
        for length, row in zip(candidate_lengths, reference_lengths, strict=False)
    )
    if c == 0:
        return float(r == 0)
    return math.exp(1 - r / c)


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0.0
    m, t = np.array(matched, dtype=float), np.array(total, dtype=float)
    m[1:] += k
    t[1:] += k
    p = np.divide(m, t, out=np.zeros_like(m), where=t > 0)
    return float(np.prod(p) ** (1 / len(p))) * math.exp(1 - r / c)
