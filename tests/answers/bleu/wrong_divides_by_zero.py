"""Nothing in common is not provided for."""

from collections import Counter


def chrf(candidate, reference, max_n=6, beta=2.0):
    candidate, reference = "".join(candidate.split()), "".join(reference.split())
    p, r = [], []
    for n in range(1, min(max_n, len(candidate), len(reference)) + 1):
        a = Counter(candidate[i : i + n] for i in range(len(candidate) - n + 1))
        b = Counter(reference[i : i + n] for i in range(len(reference) - n + 1))
        same = sum((a & b).values())
        p.append(same / sum(a.values()))
        r.append(same / sum(b.values()))
    p, r = sum(p) / len(p), sum(r) / len(r)
    return (1 + beta**2) * p * r / (beta**2 * p + r)


def brevity_penalty(candidate_lengths, reference_lengths):
    import math

    c = sum(candidate_lengths)
    r = sum(
        min(row, key=lambda v: (abs(v - length), v))
        for length, row in zip(candidate_lengths, reference_lengths, strict=False)
    )
    return min(1.0, math.exp(1 - r / c))
