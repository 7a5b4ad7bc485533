"""One F for each length of run, and their mean."""

from collections import Counter


def chrf(candidate, reference, max_n=6, beta=2.0):
    candidate, reference = "".join(candidate.split()), "".join(reference.split())
    scores = []
    for n in range(1, min(max_n, len(candidate), len(reference)) + 1):
        a = Counter(candidate[i : i + n] for i in range(len(candidate) - n + 1))
        b = Counter(reference[i : i + n] for i in range(len(reference) - n + 1))
        same = sum((a & b).values())
        p, r = same / sum(a.values()), same / sum(b.values())
        scores.append((1 + beta**2) * p * r / (beta**2 * p + r) if same else 0.0)
    return sum(scores) / len(scores) if scores else 0.0
