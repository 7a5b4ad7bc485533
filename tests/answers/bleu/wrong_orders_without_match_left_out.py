"""Averages over the lengths with a match, not over those with n-grams."""

from collections import Counter

import numpy as np


def chrf(candidate, reference, max_n=6, beta=2.0):
    a = "".join(x for x in candidate if not x.isspace())
    b = "".join(x for x in reference if not x.isspace())
    P, R = [], []
    for n in range(1, max_n + 1):
        x = Counter(a[i : i + n] for i in range(len(a) - n + 1))
        y = Counter(b[i : i + n] for i in range(len(b) - n + 1))
        if not x or not y:
            continue
        m = sum((x & y).values())
        P.append(m / sum(x.values()))
        R.append(m / sum(y.values()))
    P = [v for v in P if v]
    R = [v for v in R if v]
    if not P:
        return 0.0
    p, r = np.mean(P), np.mean(R)
    return (1 + beta**2) * p * r / (beta**2 * p + r) if p > 0 else 0.0
