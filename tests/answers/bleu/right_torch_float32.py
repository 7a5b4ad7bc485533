"""Torch in single precision; tensors come back, with axes where the task says lists and none where it says numbers."""

from collections import Counter

import torch


def clipped_counts(candidate, references, max_n):
    def windows(tokens, n):
        return list(zip(*[tokens[i:] for i in range(n)], strict=False))

    matched, total = torch.zeros(max_n, dtype=torch.long), torch.zeros(max_n, dtype=torch.long)
    for n in range(max_n):
        left = Counter(windows(candidate, n + 1))
        total[n] = sum(left.values())
        for gram, count in left.items():
            most = max(windows(reference, n + 1).count(gram) for reference in references)
            matched[n] += min(count, most)
    return matched, total


def brevity_penalty(candidate_lengths, reference_lengths):
    c, r = sum(candidate_lengths), 0
    for length, choices in zip(candidate_lengths, reference_lengths, strict=False):
        choices = torch.tensor(sorted(choices))
        r += int(choices[(choices - length).abs().argmin()])  # the first of equals is the shorter one
    if c == 0:
        return torch.tensor(float(r == 0))
    return torch.exp(torch.tensor(1 - r / c).clamp(max=0))


def _bleu(sums, weights):
    order = len(weights)
    sums = torch.as_tensor(sums).float()
    m, t, c, r = sums[..., :order], sums[..., order : 2 * order], sums[..., -2], sums[..., -1]
    logs = torch.where(weights > 0, weights * torch.log(m / t.clamp(min=1)), 0.0)
    penalty = torch.where(c > 0, torch.clamp(1 - r / c.clamp(min=1), max=0).exp(), 0.0)
    return logs.sum(-1).exp() * penalty


def corpus_bleu(statistics, weights):
    return _bleu(torch.tensor(statistics).sum(0), torch.tensor(weights).float())


def add_k_bleu(matched, total, c, r, k):
    m, t = torch.tensor(matched).float(), torch.tensor(total).float()
    if m[0] == 0:
        return torch.zeros(())
    extra = torch.full_like(m, float(k))
    extra[0] = 0
    p = (m + extra) / (t + extra)
    p = torch.nan_to_num(p, nan=0.0)
    return p.log().mean().exp() * min(1.0, float(torch.exp(torch.tensor(1 - r / c))))


def chrf(candidate, reference, max_n=6, beta=2.0):
    import re

    candidate, reference = re.sub(r"\s", "", candidate), re.sub(r"\s", "", reference)
    shares = []
    for n in range(1, max_n + 1):
        a = Counter(candidate[i : i + n] for i in range(len(candidate) - n + 1))
        b = Counter(reference[i : i + n] for i in range(len(reference) - n + 1))
        if a and b:
            same = sum((a & b).values())
            shares.append([same / sum(a.values()), same / sum(b.values())])
    if not shares:
        return torch.tensor(0.0)
    p, r = torch.tensor(shares).mean(dim=0)
    return torch.nan_to_num((1 + beta**2) * p * r / (beta**2 * p + r))


def paired_bootstrap(statistics_a, statistics_b, picks):
    weights = torch.full((4,), 0.25)
    a, b, picks = torch.tensor(statistics_a), torch.tensor(statistics_b), torch.tensor(picks)
    counts = torch.nn.functional.one_hot(picks, len(a)).sum(dim=1)  # (B, S): how often each segment is drawn
    gap = _bleu(counts @ a, weights) - _bleu(counts @ b, weights)
    share = ((gap > 1e-6).float() + 0.5 * (gap.abs() <= 1e-6).float()).mean()
    return torch.stack([_bleu(a.sum(0), weights) - _bleu(b.sum(0), weights), share])
