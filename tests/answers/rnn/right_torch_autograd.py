"""PyTorch in float64: autograd where gradients are asked for, packed sequences, tensors come back."""

import numpy as np
import torch
import torch.nn.functional as F


def _t(a):
    return torch.as_tensor(np.array(a), dtype=torch.float64)


def leaky_step(x_t, h_prev, W, U, b, alpha):
    x_t, h_prev, W, U, b = map(_t, (x_t, h_prev, W, U, b))
    return torch.lerp(h_prev, torch.tanh(F.linear(x_t, W, b) + F.linear(h_prev, U)), float(alpha))


def leaky_bptt(x, h0, W, U, b, alpha, dh):
    leaves = {"x": x, "h0": h0, "W": W, "U": U, "b": b}
    leaves = {k: _t(v).requires_grad_() for k, v in leaves.items()}
    h, loss = leaves["h0"], 0
    for t in range(x.shape[1]):
        a = F.linear(leaves["x"][:, t], leaves["W"], leaves["b"]) + F.linear(h, leaves["U"])
        h = (1 - alpha) * h + alpha * torch.tanh(a)
        loss = loss + (_t(dh[:, t]) * h).sum()
    loss.backward()
    return {k: v.grad for k, v in leaves.items()}


def clip_by_norm(gradients, limit):
    norm = torch.linalg.vector_norm(torch.cat([_t(g).flatten() for g in gradients]))
    if not torch.isfinite(norm):
        return [torch.zeros(g.shape) for g in gradients], norm
    scale = torch.clamp(limit / norm, max=1.0) if norm > 0 else 1.0
    return [_t(g) * scale for g in gradients], norm


def truncated_gradient(x, h0, W, U, b, dh, window):
    leaves = {k: _t(v).requires_grad_() for k, v in (("W", W), ("U", U), ("b", b))}
    gradient = {k: torch.zeros_like(v) for k, v in leaves.items()}
    x, dh = _t(x), _t(dh)
    states = [_t(h0)]

    def step(h, t):
        return torch.tanh(F.linear(x[:, t], leaves["W"], leaves["b"]) + F.linear(h, leaves["U"]))

    for t in range(x.shape[1]):
        states.append(step(states[-1], t).detach())
    for t in range(x.shape[1]):
        first = max(t + 1 - window, 0)
        h = states[first]
        for k in range(first, t + 1):
            h = step(h, k)
        grads = torch.autograd.grad((dh[:, t] * h).sum(), list(leaves.values()))
        for k, g in zip(leaves, grads, strict=True):
            gradient[k] += g
    return gradient


def read_both_ways(x, lengths, ahead, back):
    x = _t(x)
    sizes = [len(ahead["b"]), len(back["b"])]
    result = torch.zeros(x.shape[0], x.shape[1], sum(sizes), dtype=torch.float64)
    for i, length in enumerate(np.asarray(lengths).tolist()):
        for weights, order, start in ((ahead, range(length), 0), (back, reversed(range(length)), sizes[0])):
            W, U, b = _t(weights["W"]), _t(weights["U"]), _t(weights["b"])
            h = torch.zeros(len(b), dtype=torch.float64)
            for t in order:
                h = torch.tanh(W @ x[i, t] + U @ h + b)
                result[i, t, start : start + len(b)] = h
    return result
