"""e^(1 - c/r), as the lecture prints it: short candidates are rewarded."""

import math

import numpy as np


def brevity_penalty(candidate_lengths, reference_lengths):
    c = sum(candidate_lengths)
    r = sum(
        min(row, key=lambda v: (abs(v - length), v))
        for length, row in zip(candidate_lengths, reference_lengths, strict=False)
    )
    return 1.0 if c >= r else math.exp(1 - c / r)


def corpus_bleu(statistics, weights):
    order = len(weights)
    pooled = statistics.sum(axis=0)
    m, t, (c, r) = pooled[:order], pooled[order : 2 * order], pooled[2 * order :]
    use = weights > 0
    if c == 0 or (m[use] == 0).any():
        return 0.0
    penalty = 1.0 if c > r else math.exp(1 - c / r)
    return penalty * float(np.exp(np.sum(weights[use] * np.log(m[use] / t[use]))))
