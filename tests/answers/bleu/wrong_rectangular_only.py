"""Wants the same number of references in each segment."""

import numpy as np


def brevity_penalty(candidate_lengths, reference_lengths):
    c = np.array(candidate_lengths)
    r = np.sort(np.array(reference_lengths), axis=1)
    near = np.abs(r - c[:, None]).argmin(axis=1)
    c, r = c.sum(), r[np.arange(len(r)), near].sum()
    if c >= r:
        return 1.0
    return float(np.exp(1 - r / c)) if c else 0.0
