"""The return of the state after the visited one."""

import torch


def first_visits(episodes, states, gamma):
    samples = [[] for _ in range(states)]
    for s, r in episodes:
        T = len(s)
        for k in range(states):
            times = [t for t in range(T) if s[t] == k]
            for t in times[:1]:
                samples[k].append(sum(gamma ** (j - t - 1) * float(r[j]) for j in range(t + 1, T)))
    V = torch.zeros(states, dtype=torch.float64)
    error = torch.full((states,), torch.inf, dtype=torch.float64)
    for k, found in enumerate(samples):
        m = len(found)
        if m > 0:
            V[k] = sum(found) / m
        if m > 1:
            variance = sum((G - V[k]) ** 2 for G in found) / (m - 1)
            error[k] = variance**0.5 / m**0.5
    return V, error
