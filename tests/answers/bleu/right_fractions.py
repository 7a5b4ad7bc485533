"""One pass over the tokens, exact fractions, and torch for the bootstrap."""

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np
import torch


def clipped_counts(candidate, references, max_n):
    matched, total = [0] * max_n, [0] * max_n
    for n in range(1, max_n + 1):
        left = defaultdict(int)
        for ref in references:
            mine = defaultdict(int)
            for i in range(n, len(ref) + 1):
                mine[tuple(ref[i - n : i])] += 1
                left[tuple(ref[i - n : i])] = max(left[tuple(ref[i - n : i])], mine[tuple(ref[i - n : i])])
        for i in range(n, len(candidate) + 1):
            g = tuple(candidate[i - n : i])
            total[n - 1] += 1
            if left[g]:
                left[g] -= 1
                matched[n - 1] += 1
    return [matched, total]


def corpus_bleu(statistics, weights):
    N = len(weights)
    cols = [sum(Fraction(int(v)) for v in col) for col in statistics.T]
    if cols[-2] == 0:
        return 0
    logs = 0.0
    for n, w in enumerate(weights):
        if w == 0:
            continue
        if cols[n] == 0:
            return 0
        logs += w * math.log(cols[n] / cols[N + n])
    return math.exp(logs + float(min(Fraction(0), 1 - cols[-1] / cols[-2])))


def paired_bootstrap(statistics_a, statistics_b, picks):
    a, b = (torch.from_numpy(np.concatenate([np.arange(len(x))[None], picks])) for x in (statistics_a, statistics_b))

    def score(rows, idx):
        s = torch.from_numpy(np.asarray(rows)).double()[idx].sum(1)
        m, t, c, r = s[:, :4], s[:, 4:8], s[:, 8], s[:, 9]
        bp = torch.exp(torch.clamp(1 - r / c, max=0))
        out = bp * (m / t).prod(1).sqrt().sqrt()
        return torch.where((m == 0).any(1), 0.0, out)

    d = score(statistics_a, a) - score(statistics_b, b)
    wins = (d[1:] >= 1e-6).double() + 0.5 * (d[1:].abs() < 1e-6)
    return d[0], wins.mean()
