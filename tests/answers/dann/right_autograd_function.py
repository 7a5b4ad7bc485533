"""The layer as the chapter has it, PyTorch's losses of logits, SciPy and scikit-learn where they fit."""

import numpy as np
import torch
import torch.nn.functional as functional
from scipy.stats import ks_2samp
from sklearn.metrics import confusion_matrix


class Turned(torch.autograd.Function):
    @staticmethod
    def forward(ctx, f, lam):
        ctx.lam = lam
        return f.view_as(f)

    @staticmethod
    def backward(ctx, arriving):
        lam = ctx.lam
        if isinstance(lam, torch.Tensor):
            lam = lam.view(-1, *(1 for _ in arriving.shape[1:]))
        return -lam * arriving, None


def reverse_gradient(f, lam):
    return Turned.apply(f, lam)


def lam_schedule(step, start, end, gamma, lam_max):
    p = np.interp(step, [start, end], [0.0, 1.0])
    gamma = max(gamma, 1e-12)
    return np.tanh(gamma * p / 2) * (lam_max / np.tanh(gamma / 2))


def a_distance(f_s, f_t, held_s, held_t):
    tests = [ks_2samp(s, t, method="asymp") for s, t in zip(f_s.T, f_t.T, strict=True)]
    j = int(np.argmax([test.statistic for test in tests]))
    best = tests[j]
    if best.statistic == 0:
        return 0.0, 0.0
    # The source is below the threshold where its distribution function is the larger one there.
    below_s, below_t = (np.mean(held[:, j] <= best.statistic_location) for held in (held_s, held_t))
    return 2 * best.statistic, 2 * best.statistic_sign * (below_s - below_t)


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    features = F(x)
    domain = D(Turned.apply(features, lam)).flatten()
    labels = is_source.to(domain.dtype)
    each = functional.binary_cross_entropy_with_logits(domain, labels, reduction="none")
    n_source, n_target = int(is_source.sum()), int((~is_source).sum())
    weight = labels / max(n_source, 1) + (1 - labels) / max(n_target, 1)
    loss_d = (weight * each).sum()
    total = functional.cross_entropy(C(features), y, ignore_index=-1, reduction="sum")
    loss_y = total / (y != -1).sum().clamp(min=1)
    optimizer.zero_grad(set_to_none=False)
    torch.autograd.backward([loss_y, loss_d])
    optimizer.step()
    return loss_y.item(), loss_d.item()


def mmd2(f, g, sigmas):
    n, m = f.shape[0], g.shape[0]
    both = torch.cat([f, g])
    squared = torch.cdist(both, both, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    k = torch.stack([torch.exp(-squared / (2 * s * s)) for s in sigmas]).mean(dim=0)
    off = ~torch.eye(n + m, dtype=torch.bool)
    ff, gg, fg = k[:n, :n], k[n:, n:], k[:n, n:]
    across = fg.mean()
    biased = ff.mean() + gg.mean() - 2 * across
    unbiased = ff[off[:n, :n]].mean() + gg[off[n:, n:]].mean() - 2 * across
    return torch.stack([biased, unbiased])


def label_shift(y_s, yhat_s, yhat_t, k):
    if set(y_s.tolist()) != set(range(k)):
        raise ValueError("a class is missing")
    C = confusion_matrix(y_s, yhat_s, labels=range(k), normalize="true").T
    if np.linalg.matrix_rank(C, tol=1e-6) < k:
        raise ValueError("the equations have no single solution")
    q = np.linalg.inv(C) @ [np.mean(yhat_t == i) for i in range(k)]
    q = np.where(q > 0, q, 0.0)
    q /= q.sum()
    p = np.unique(y_s, return_counts=True)[1] / len(y_s)
    return q, np.clip(p - q, 0, None).sum()
