"""The share of resamples that agree with the observed difference, whoever is ahead."""

import math

import numpy as np


def paired_bootstrap(statistics_a, statistics_b, picks):
    def bleu(rows):
        s = rows.sum(0)
        m, t, c, r = s[:4], s[4:8], s[8], s[9]
        if (m == 0).any():
            return 0.0
        return min(1.0, math.exp(1 - r / c)) * math.exp(np.log(m / t).mean())

    diff = bleu(statistics_a) - bleu(statistics_b)
    win = 0.0
    for p in picks:
        x, y = bleu(statistics_a[p]), bleu(statistics_b[p])
        if abs(x - y) < 1e-6:
            win += 0.5
        elif (x - y) * diff > 0:
            win += 1
    return diff, win / len(picks)
