"""The average is over all lengths, also those that one of the strings does not have."""

from collections import Counter


def chrf(candidate, reference, max_n=6, beta=2.0):
    candidate, reference = "".join(candidate.split()), "".join(reference.split())
    p = r = 0.0
    for n in range(1, max_n + 1):
        a = Counter(candidate[i : i + n] for i in range(len(candidate) - n + 1))
        b = Counter(reference[i : i + n] for i in range(len(reference) - n + 1))
        same = sum((a & b).values())
        p += same / max(1, sum(a.values()))
        r += same / max(1, sum(b.values()))
    if p == 0:
        return 0.0
    p, r = p / max_n, r / max_n
    return (1 + beta**2) * p * r / (beta**2 * p + r)
