"""Hooks in place of a layer, one backward pass for each loss, prefix sums, weights in place of shares."""

import numpy as np
import torch


def reverse_gradient(f, lam):
    result = f.clone()
    if result.requires_grad:
        factor = -torch.as_tensor(lam, dtype=f.dtype)
        while factor.dim() and factor.dim() < f.dim():
            factor = factor[..., None]
        result.register_hook(lambda gradient: factor * gradient)
    return result


def lam_schedule(step, start, end, gamma, lam_max):
    p = np.minimum(np.maximum(step - start, 0) / (end - start), 1)
    with np.errstate(all="ignore"):
        ratio = np.tanh(gamma * p / 2) / np.tanh(gamma / 2)
    return lam_max * np.where(np.isnan(ratio), p, ratio)


def a_distance(f_s, f_t, held_s, held_t):
    n, m = len(f_s), len(f_t)
    found = []
    for j in range(f_s.shape[1]):
        values, inverse = np.unique(np.r_[f_s[:, j], f_t[:, j]], return_inverse=True)
        weights = np.r_[np.full(n, 1 / n), np.full(m, -1 / m)]
        gap = np.bincount(inverse.ravel(), weights, minlength=len(values)).cumsum()
        i = int(np.abs(gap).argmax())
        found.append((round(abs(gap[i]), 12), j, values[i], np.sign(gap[i])))
    size, j, theta, sign = max(found)
    if size == 0:
        return np.float64(0.0), np.float64(0.0)
    held = (held_s[:, j] <= theta).mean() - (held_t[:, j] <= theta).mean()
    return np.array([2 * size, 2 * sign * held])


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    optimizer.zero_grad()
    # The loss of the domains moves F and D; then the gradient of F is turned round.
    f = F(x)
    logits = D(f)[:, 0]
    loss_d = logits.new_zeros(())
    for mask, sign in ((is_source, 1.0), (~is_source, -1.0)):
        if mask.any():
            loss_d = loss_d - torch.nn.functional.logsigmoid(sign * logits[mask]).mean()
    loss_d.backward(retain_graph=True)
    for p in F.parameters():
        p.grad.mul_(-lam)
    mask = y != -1
    loss_y = 0.0
    if mask.any():
        loss_y = torch.distributions.Categorical(logits=C(f[mask])).log_prob(y[mask]).neg().mean()
        loss_y.backward()
    optimizer.step()
    return float(loss_y), float(loss_d)


def mmd2(f, g, sigmas):
    def kernel(a, b):
        off = a.unsqueeze(1) - b.unsqueeze(0)
        squared = torch.einsum("ijk,ijk->ij", off, off)
        widths = torch.tensor(sigmas, dtype=a.dtype).view(-1, 1, 1)
        return torch.exp(-squared / (2 * widths**2)).mean(dim=0)

    def without_diagonal(k):
        return (k.sum() - k.diagonal().sum()) / (len(k) * (len(k) - 1))

    ff, gg, fg = kernel(f, f), kernel(g, g), kernel(f, g)
    return ff.mean() + gg.mean() - 2 * fg.mean(), without_diagonal(ff) + without_diagonal(gg) - 2 * fg.mean()


def label_shift(y_s, yhat_s, yhat_t, k):
    # Importance weights first: joint shares times weights are the shares of what is said.
    n = len(y_s)
    joint = np.bincount(yhat_s * k + y_s, minlength=k * k).reshape(k, k) / n
    p = joint.sum(axis=0)
    if np.any(p == 0):
        raise ValueError("a class is missing in the source")
    if np.linalg.cond(joint / p) > 1e6:
        raise ValueError("no single solution")
    w = np.linalg.lstsq(joint, np.bincount(yhat_t, minlength=k) / len(yhat_t), rcond=None)[0]
    q = np.clip(w * p, 0, 1e9)
    q = q / q.sum()
    return tuple(q), 0.5 * np.linalg.norm(p - q, ord=1)
