"""Everything in float32."""

import torch
import torch.nn.functional as F


def returns_to_go(rewards, lengths, gamma):
    rewards = rewards.float()
    T = rewards.size(1)
    mask = torch.arange(T).expand_as(rewards) < lengths.unsqueeze(1)
    r = rewards.masked_fill(~mask, 0)
    out = r.clone()
    for t in range(T - 2, -1, -1):
        out[:, t] += gamma * out[:, t + 1]
    return out


def softmax_score(logits, actions):
    return F.one_hot(actions, logits.size(1)).float() - logits.float().softmax(-1)


def gaussian_score(mu, log_std, actions):
    mu, log_std, actions = mu.float(), log_std.float(), actions.float()
    var = torch.exp(2 * log_std)
    return (actions - mu) / var, (actions - mu).square() / var - 1


def surrogate_loss(logits, actions, returns, values, lengths):
    N, T, K = logits.shape
    advantages = (returns - values).float().detach()
    mask = torch.arange(T)[None] < lengths[:, None]
    advantages[~mask] = 0
    nll = F.cross_entropy(logits.float().reshape(N * T, K), actions.reshape(N * T), reduction="none")
    return (nll.view(N, T) * advantages).sum() / N


def best_baselines(g, R):
    g, R = g.float(), R.float()
    w = g.square()
    each = (w.T @ R) / w.sum(0)
    b = (w.sum(1) @ R) / w.sum()
    return b.nan_to_num(), each.nan_to_num()


def targets(rewards, terminated, truncated, next_values, gamma):
    rewards, next_values = rewards.float(), next_values.float()
    N, T = rewards.shape
    dones = terminated.logical_or(truncated)
    real = torch.cat([torch.ones(N, 1, dtype=torch.bool), ~dones[:, :-1]], dim=1)
    y = []
    for t in range(T)[::-1]:
        bootstrap = next_values[:, t].masked_fill(terminated[:, t], 0)
        carry = bootstrap if t == T - 1 else torch.where(dones[:, t], bootstrap, y[-1])
        y.append((rewards[:, t] + gamma * carry).masked_fill(~real[:, t], 0))
    return torch.stack(y[::-1], dim=1), real
