"""Single precision where it is enough, torch.func for the gradients, tensors in place of arrays."""

import numpy as np
import torch


def reverse_gradient(f, lam):
    lam = torch.as_tensor(lam, dtype=f.dtype)
    lam = lam.expand(f.shape[0]) if lam.dim() == 0 else lam
    still = f.detach()
    # (f - still) is zero, so its product with anything finite is, too.
    return still - torch.einsum("b...,b->b...", f - still, lam)


def lam_schedule(step, start, end, gamma, lam_max):
    p = torch.from_numpy(np.asarray(step, dtype=float) - start).div(end - start).clamp(0, 1)
    if gamma < 1e-6:
        return lam_max * p
    S = torch.tanh(gamma * p / 2)
    return lam_max * S / torch.tanh(torch.tensor(gamma / 2, dtype=torch.float64))


def a_distance(f_s, f_t, held_s, held_t):
    both = np.concatenate([f_s, f_t])  # every value of every feature is a threshold
    says_s = (f_s[:, None] > both[None]).mean(axis=0)  # (thresholds, features)
    says_t = (f_t[:, None] > both[None]).mean(axis=0)
    error = np.stack([1 - says_s + says_t, says_s + 1 - says_t]) / 2
    if error.min() > 0.5 - 1e-9:
        return 0.0, 0.0
    turned, i, j = np.unravel_index(error.argmin(), error.shape)
    wrong_s, wrong_t = (held_s[:, j] <= both[i, j]).mean(), (held_t[:, j] > both[i, j]).mean()
    held = (wrong_s + wrong_t) / 2
    held = 1 - held if turned else held
    return np.float32(2 - 4 * error.min()), np.float32(2 - 4 * held)


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    names = {"F": F, "C": C, "D": D}
    weights = {k: {n: p.detach() for n, p in module.named_parameters()} for k, module in names.items()}
    call = torch.func.functional_call

    def losses(w_F, w_C, w_D):
        f = call(F, w_F, (x,))
        rows = torch.log_softmax(call(C, w_C, (f,)), dim=1)
        picked = torch.gather(rows, 1, y.clamp(min=0)[:, None])[:, 0]
        known = (y >= 0).to(x.dtype)
        loss_y = -(picked * known).sum() / known.sum().clamp(min=1)
        a = call(D, w_D, (f,)).reshape(-1)
        s = is_source.to(x.dtype)
        plus, minus = torch.nn.functional.softplus(-a), torch.nn.functional.softplus(a)
        loss_d = (plus * s).sum() / s.sum().clamp(min=1) + (minus * (1 - s)).sum() / (1 - s).sum().clamp(min=1)
        return loss_y, loss_d

    by_y = torch.func.grad(lambda *w: losses(*w)[0], argnums=(0, 1))(*weights.values())
    by_d = torch.func.grad(lambda *w: losses(*w)[1], argnums=(0, 2))(*weights.values())
    for name, p in F.named_parameters():
        p.grad = by_y[0][name] - lam * by_d[0][name]
    for name, p in C.named_parameters():
        p.grad = by_y[1][name]
    for name, p in D.named_parameters():
        p.grad = by_d[1][name]
    before = losses(*weights.values())
    result = before[0].item(), before[1].item()
    optimizer.step()
    return result


def mmd2(f, g, sigmas):
    middle = f.detach().mean(dim=0)  # near the origin the square may be expanded
    both = torch.cat([f - middle, g - middle]).double()
    norms = (both * both).sum(dim=1)
    squared = (norms[:, None] + norms[None] - 2 * both @ both.T).clamp(min=0)
    k = sum((-squared / (2 * s**2)).exp() for s in sigmas) / len(sigmas)
    n, m = len(f), len(g)
    a = torch.cat([torch.full((n,), 1.0 / n, dtype=torch.float64), torch.full((m,), -1.0 / m, dtype=torch.float64)])
    biased = a @ k @ a
    own_f = (k[:n, :n].sum() - k[:n, :n].trace()) / (n * n - n)
    own_g = (k[n:, n:].sum() - k[n:, n:].trace()) / (m * m - m)
    return biased, own_f + own_g - 2 * k[:n, n:].mean()


def label_shift(y_s, yhat_s, yhat_t, k):
    true, said = (torch.nn.functional.one_hot(torch.tensor(a), k).double() for a in (y_s, yhat_s))
    per_class = true.sum(dim=0)
    if (per_class == 0).any():
        raise ValueError("a class is missing")
    confusion = (said.T @ true) / per_class
    if torch.linalg.svdvals(confusion).min() < 1e-6:
        raise ValueError("singular")
    share = torch.bincount(torch.tensor(yhat_t), minlength=k).double() / len(yhat_t)
    q = torch.linalg.solve(confusion, share).relu()
    q = q / q.sum()
    return q, (per_class / per_class.sum() - q).abs().sum() / 2
