"""The counts of all references are added, so a word that each of two has once counts twice."""

from collections import Counter


def clipped_counts(candidate, references, max_n):
    matched, total = [], []
    for n in range(1, max_n + 1):

        def grams(tokens, n=n):
            return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))

        together = sum((grams(reference) for reference in references), Counter())
        matched.append(sum((grams(candidate) & together).values()))
        total.append(sum(grams(candidate).values()))
    return matched, total
