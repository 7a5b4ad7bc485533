"""Every n-gram that occurs in some reference counts, however often the candidate repeats it."""

from collections import Counter


def clipped_counts(candidate, references, max_n):
    def grams(tokens, n):
        return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]

    matched, total = [], []
    for n in range(1, max_n + 1):
        known = {g for reference in references for g in grams(reference, n)}
        matched.append(sum(g in known for g in grams(candidate, n)))
        total.append(len(grams(candidate, n)))
    return matched, total


def chrf(candidate, reference, max_n=6, beta=2.0):
    candidate, reference = "".join(candidate.split()), "".join(reference.split())
    p, r = [], []
    for n in range(1, min(max_n, len(candidate), len(reference)) + 1):
        a = Counter(candidate[i : i + n] for i in range(len(candidate) - n + 1))
        b = Counter(reference[i : i + n] for i in range(len(reference) - n + 1))
        p.append(sum(count for g, count in a.items() if g in b) / sum(a.values()))
        r.append(sum(count for g, count in b.items() if g in a) / sum(b.values()))
    if not sum(p):
        return 0.0
    p, r = sum(p) / len(p), sum(r) / len(r)
    return (1 + beta**2) * p * r / (beta**2 * p + r)
