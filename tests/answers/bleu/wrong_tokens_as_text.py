"""Turns tokens into text, so that the number 1 and the string “1” are the same."""

from collections import Counter


def clipped_counts(candidate, references, max_n):
    def grams(s, n):
        s = [str(t) for t in s]
        return Counter(tuple(s[i : i + n]) for i in range(len(s) - n + 1))

    matched, total = [], []
    for n in range(1, max_n + 1):
        cand = grams(candidate, n)
        refs = [grams(r, n) for r in references]
        matched.append(sum(min(k, max(r[g] for r in refs)) for g, k in cand.items()))
        total.append(sum(cand.values()))
    return matched, total
