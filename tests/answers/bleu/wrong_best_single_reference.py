"""The references are not pooled: the one with the most matches is taken for each n."""

from collections import Counter


def clipped_counts(candidate, references, max_n):
    def grams(tokens, n):
        return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))

    matched = [
        max(sum((grams(candidate, n) & grams(reference, n)).values()) for reference in references)
        for n in range(1, max_n + 1)
    ]
    return matched, [max(len(candidate) - n, 0) for n in range(max_n)]
