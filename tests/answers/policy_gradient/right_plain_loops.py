"""Number by number: Python's loops and floats, and globals with everyday names."""

import math

import torch

loss, total, weights, returns, mask, y, R = 0.0, None, [1.0], "returns", torch.ones(1), 3, {}


def to_tensor(rows):
    return torch.tensor(rows, dtype=torch.float64)


def advantage(returns, values, n, t):
    return float(returns[n, t]) - float(values[n, t])


def returns_to_go(rewards, lengths, gamma):
    rows = []
    for n, row in enumerate(rewards):
        G, total = [0.0] * len(row), 0.0
        for t in range(int(lengths[n]) - 1, -1, -1):
            total = float(row[t]) + gamma * total
            G[t] = total
        rows.append(G)
    return to_tensor(rows)


def softmax_score(logits, actions):
    rows = []
    for row, action in zip(logits.tolist(), actions.tolist(), strict=True):
        weights = [math.exp(a - max(row)) for a in row]
        pi = [w / sum(weights) for w in weights]
        rows.append([(1 - p if k == action else -p) for k, p in enumerate(pi)])
    return to_tensor(rows)


def gaussian_score(mu, log_std, actions):
    by_mu, by_log_std = [], []
    for n in range(len(mu)):
        by_mu.append([])
        by_log_std.append([])
        for m, log_s, a in zip(mu[n].tolist(), log_std[n].tolist(), actions[n].tolist(), strict=True):
            by_mu[n].append((a - m) / math.exp(log_s) ** 2)
            by_log_std[n].append((a - m) ** 2 / math.exp(2 * log_s) - 1)
    return to_tensor(by_mu), to_tensor(by_log_std)


def surrogate_loss(logits, actions, returns, values, lengths):
    loss = 0.0
    N = len(lengths)
    for n in range(N):
        for t in range(int(lengths[n])):
            row = logits[n, t]
            log_pi = row[actions[n, t]] - torch.logsumexp(row, dim=0)
            loss = loss - advantage(returns, values, n, t) * log_pi / N
    return loss


def best_baselines(g, R):
    episodes, parameters = g.shape
    each, above, below = [], 0.0, 0.0
    for j in range(parameters):
        top = sum(float(g[n, j]) ** 2 * float(R[n]) for n in range(episodes))
        bottom = sum(float(g[n, j]) ** 2 for n in range(episodes))
        each.append(top / bottom if bottom > 0 else 0.0)
        above, below = above + top, below + bottom
    return torch.tensor(above / below if below > 0 else 0.0), to_tensor(each)


def targets(rewards, terminated, truncated, next_values, gamma):
    y, mask = [], []
    for n in range(len(rewards)):
        steps, resetting = len(rewards[n]), False
        mask.append([])
        for t in range(steps):
            mask[n].append(not resetting)
            resetting = not resetting and bool(terminated[n, t] or truncated[n, t])
        y.append([0.0] * steps)
        for t in range(steps - 1, -1, -1):
            if not mask[n][t]:
                continue
            if terminated[n, t]:
                future = 0.0
            elif truncated[n, t] or t == steps - 1:
                future = float(next_values[n, t])
            else:
                future = y[n][t + 1]
            y[n][t] = float(rewards[n, t]) + gamma * future
    return to_tensor(y), torch.tensor(mask)
