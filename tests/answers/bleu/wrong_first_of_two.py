"""Of two reference lengths that are equally close the one that stands first is taken."""

import math


def brevity_penalty(candidate_lengths, reference_lengths):
    c = sum(candidate_lengths)
    r = sum(
        min(row, key=lambda v: abs(v - length))
        for length, row in zip(candidate_lengths, reference_lengths, strict=False)
    )
    if c >= r:
        return 1.0
    return math.exp(1 - r / c) if c else 0.0
