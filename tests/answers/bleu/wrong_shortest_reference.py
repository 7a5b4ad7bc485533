"""The shortest reference counts, not the closest one."""

import math


def brevity_penalty(candidate_lengths, reference_lengths):
    c, r = sum(candidate_lengths), sum(min(row) for row in reference_lengths)
    if c >= r:
        return 1.0
    return math.exp(1 - r / c) if c else 0.0
