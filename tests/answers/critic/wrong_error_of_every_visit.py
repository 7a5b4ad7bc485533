"""The standard error as if every visit were a sample of its own."""

import torch


def first_visits(episodes, states, gamma):
    samples = [[] for _ in range(states)]
    firsts = [[] for _ in range(states)]
    for s, r in episodes:
        T = len(s)
        for k in range(states):
            times = [t for t in range(T) if s[t] == k]
            for t in times:
                samples[k].append(sum(gamma ** (j - t) * float(r[j]) for j in range(t, T)))
                if t == times[0]:
                    firsts[k].append(samples[k][-1])
    V = torch.zeros(states, dtype=torch.float64)
    error = torch.full((states,), torch.inf, dtype=torch.float64)
    for k, found in enumerate(samples):
        m = len(found)
        if m > 0:
            V[k] = sum(firsts[k]) / len(firsts[k])
        if m > 1:
            variance = sum((G - sum(found) / m) ** 2 for G in found) / (m - 1)
            error[k] = variance**0.5 / m**0.5
    return V, error
