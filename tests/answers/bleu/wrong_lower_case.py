"""Takes “The” and “the” for the same token."""

from collections import Counter


def clipped_counts(candidate, references, max_n):
    def low(s):
        return [t.lower() if isinstance(t, str) else t for t in s]

    def grams(s, n):
        s = low(s)
        return Counter(tuple(s[i : i + n]) for i in range(len(s) - n + 1))

    matched, total = [], []
    for n in range(1, max_n + 1):
        cand = grams(candidate, n)
        refs = [grams(r, n) for r in references]
        matched.append(sum(min(k, max(r[g] for r in refs)) for g, k in cand.items()))
        total.append(sum(cand.values()))
    return matched, total
