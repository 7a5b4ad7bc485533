"""The reference stream with the closest total is taken, not the closest reference of each segment."""

import math


def brevity_penalty(candidate_lengths, reference_lengths):
    c = sum(candidate_lengths)
    flat = [v for row in reference_lengths for v in row]
    mean = c / len(candidate_lengths)
    r = len(candidate_lengths) * min(flat, key=lambda v: (abs(v - mean), v))
    if c >= r:
        return 1.0
    return math.exp(1 - r / c) if c else 0.0
