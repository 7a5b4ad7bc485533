"""The number of n-grams is at least one, as NLTK has it."""

from collections import Counter


def clipped_counts(candidate, references, max_n):
    def grams(tokens, n):
        return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))

    matched, total = [], []
    for n in range(1, max_n + 1):
        most = Counter()
        for reference in references:
            most |= grams(reference, n)
        matched.append(sum((grams(candidate, n) & most).values()))
        total.append(max(1, sum(grams(candidate, n).values())))
    return matched, total
