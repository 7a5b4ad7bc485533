"""Loops and dictionaries, no Counter and no NumPy arithmetic; ints, floats and tuples come back."""

import math


def _counts(items, n):
    counts = {}
    for i in range(len(items) - n + 1):
        key = tuple(items[i : i + n])
        counts[key] = counts.get(key, 0) + 1
    return counts


def clipped_counts(candidate, references, max_n):
    matched, total = [], []
    for n in range(1, max_n + 1):
        here, m = _counts(candidate, n), 0
        for key, count in here.items():
            m += min(count, max(_counts(reference, n).get(key, 0) for reference in references))
        matched.append(m)
        total.append(sum(here.values()))
    return tuple(matched), tuple(total)


def brevity_penalty(candidate_lengths, reference_lengths):
    r = 0
    for c, choices in zip(candidate_lengths, reference_lengths, strict=False):
        best = None
        for choice in sorted(choices):
            if best is None or abs(choice - c) < abs(best - c):
                best = choice
        r += best
    c = sum(candidate_lengths)
    if c >= r:
        return 1
    if c == 0:
        return 0
    return math.exp(1 - r / c)


def _score(sums, weights):
    order = len(weights)
    c, r = sums[2 * order], sums[2 * order + 1]
    if c == 0:
        return 0.0
    score = math.exp(1 - r / c) if c < r else 1.0
    for n in range(order):
        if weights[n] == 0:
            continue
        if sums[n] == 0:
            return 0.0
        score *= (sums[n] / sums[order + n]) ** weights[n]
    return score


def corpus_bleu(statistics, weights):
    sums = [0] * statistics.shape[1]
    for row in statistics.tolist():
        sums = [a + b for a, b in zip(sums, row, strict=False)]
    return _score(sums, weights.tolist())


def add_k_bleu(matched, total, c, r, k):
    if matched[0] == 0:
        return 0
    logs = [math.log(matched[0] / total[0])]
    for m, t in zip(matched[1:], total[1:], strict=False):
        if m + k == 0:
            return 0
        logs.append(math.log(m + k) - math.log(t + k))
    penalty = 1 if c >= r else math.exp(1 - r / c)
    return penalty * math.exp(sum(logs) / len(logs))


def chrf(candidate, reference, max_n=6, beta=2.0):
    a = [letter for letter in candidate if not letter.isspace()]
    b = [letter for letter in reference if not letter.isspace()]
    precision = recall = orders = 0
    for n in range(1, max_n + 1):
        here, there = _counts(a, n), _counts(b, n)
        if not here or not there:
            break
        same = sum(min(count, there.get(key, 0)) for key, count in here.items())
        precision += same / sum(here.values())
        recall += same / sum(there.values())
        orders += 1
    if precision == 0:
        return 0
    precision, recall = precision / orders, recall / orders
    return (1 + beta * beta) / (1 / precision + beta * beta / recall)


def paired_bootstrap(statistics_a, statistics_b, picks):
    weights = [0.25] * 4

    def score(statistics, rows):
        sums = [0] * 10
        for i in rows:
            sums = [x + int(y) for x, y in zip(sums, statistics[i], strict=False)]
        return _score(sums, weights)

    everything = range(len(statistics_a))
    difference = score(statistics_a, everything) - score(statistics_b, everything)
    wins = 0
    for rows in picks:
        gap = score(statistics_a, rows) - score(statistics_b, rows)
        if abs(gap) < 1e-6:
            wins += 0.5
        elif gap > 0:
            wins += 1
    return [difference, wins / len(picks)]
