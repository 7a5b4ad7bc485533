"""Sums as matrices: of discounts, of who belongs to whom, of a single linear system."""

import torch
from torch.distributions import Categorical


def discounts(T, x):
    """x to the power k − t for k ≥ t, else 0: (T, T)."""
    steps = torch.arange(T) - torch.arange(T)[:, None]
    return torch.where(steps >= 0, torch.as_tensor(float(x), dtype=torch.float64) ** steps.clamp(min=0), 0.0)


def first_visits(episodes, states, gamma):
    rows = torch.full((len(episodes), states), torch.nan, dtype=torch.float64)
    for row, (s, r) in zip(rows, episodes, strict=True):
        G = discounts(len(r), gamma) @ r
        row[s.flip(0)] = torch.nan
        for t in range(len(s) - 1, -1, -1):
            row[s[t]] = G[t]
    seen = ~rows.isnan()
    n = seen.sum(dim=0)
    V = torch.where(seen, rows, 0.0).sum(dim=0) / n.clamp(min=1)
    squares = torch.where(seen, (rows - V) ** 2, 0.0).sum(dim=0)
    return V, torch.where(n > 1, (squares / ((n - 1).clamp(min=1) * n.clamp(min=1))).sqrt(), torch.inf)


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    """All weights at once: each TD error is linear in the ones before."""
    T = len(rewards)
    ahead = torch.where(terminated[:, None], torch.zeros_like(next_phi), next_phi)
    D = phi - gamma * ahead
    L = torch.tril(D @ phi.T, diagonal=-1)
    deltas = torch.linalg.solve(torch.eye(T, dtype=w.dtype) + alpha * L, rewards - D @ w)
    return w + alpha * phi.T @ deltas, deltas


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    keep = ~terminated
    A = phi.T @ phi - gamma * phi[keep].T @ next_phi[keep]
    return torch.linalg.inv(A) @ (phi.T @ rewards)


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    N = len(rewards)
    G = torch.zeros_like(rewards)
    for i in range(N):
        L = int(lengths[i])
        v = values[i, : L + 1].clone()
        if terminated[i]:
            v[L] = 0
        W = torch.tril(torch.triu(torch.ones(L, L, dtype=torch.float64)), diagonal=n - 1) * discounts(L, gamma)
        stop = (torch.arange(L) + n).clamp(max=L)
        power = torch.as_tensor(float(gamma), dtype=torch.float64) ** (stop - torch.arange(L))
        G[i, :L] = W @ rewards[i, :L] + power * v[stop]
    return G


def advantages(rewards, values, terminated, truncated, gamma, lam):
    N, T = rewards.shape
    over = terminated | truncated
    number = torch.cat([torch.zeros(N, 1), over.double().cumsum(dim=1)[:, :-1]], dim=1)
    real = torch.ones_like(over)
    real[:, 1:] &= ~over[:, :-1]
    together = (number[:, :, None] == number[:, None, :]) & real[:, :, None] & real[:, None, :]
    delta = rewards + gamma * values[:, 1:].masked_fill(terminated, 0) - values[:, :-1]
    delta = delta.masked_fill(~real, 0)
    A = torch.einsum("ntk,nk->nt", together * discounts(T, gamma * lam), delta)
    return A, torch.where(real, A + values[:, :-1], 0.0)


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    """One call of the net for both batches, and gradients that are put into place by hand."""
    both = torch.cat([obs, torch.where(terminated[:, None], obs, next_obs)])
    logits, values = net(both)
    B = len(obs)
    law = Categorical(logits=logits[:B])
    y = (rewards + gamma * values[B:] * ~terminated).detach()
    error = y - values[:B]
    parts = -(law.log_prob(actions) * error.detach()).sum() / B, (error @ error) / B, law.entropy().sum() / B
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    loss = parts[0] + c * parts[1] - beta * parts[2]
    for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True):
        p.grad = gradient
    optimizer.step()
    return torch.stack(parts).tolist()
