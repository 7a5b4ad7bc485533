"""Each different n-gram counts once, above and below the line."""


def clipped_counts(candidate, references, max_n):
    def grams(tokens, n):
        return {tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)}

    matched, total = [], []
    for n in range(1, max_n + 1):
        known = set().union(*(grams(reference, n) for reference in references))
        matched.append(len(grams(candidate, n) & known))
        total.append(len(grams(candidate, n)))
    return matched, total


def chrf(candidate, reference, max_n=6, beta=2.0):
    candidate, reference = "".join(candidate.split()), "".join(reference.split())
    p, r = [], []
    for n in range(1, min(max_n, len(candidate), len(reference)) + 1):
        a = {candidate[i : i + n] for i in range(len(candidate) - n + 1)}
        b = {reference[i : i + n] for i in range(len(reference) - n + 1)}
        p.append(len(a & b) / len(a))
        r.append(len(a & b) / len(b))
    if not sum(p):
        return 0.0
    p, r = sum(p) / len(p), sum(r) / len(r)
    return (1 + beta**2) * p * r / (beta**2 * p + r)
