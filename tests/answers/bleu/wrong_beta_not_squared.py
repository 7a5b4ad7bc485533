"""beta where beta squared belongs."""

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
    if not sum(p):
        return 0.0
    p, r = sum(p) / len(p), sum(r) / len(r)
    return (1 + beta) * p * r / (beta * p + r)
