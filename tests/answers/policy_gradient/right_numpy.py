"""NumPy and SciPy where no gradient is asked for."""

import numpy as np
import torch
from scipy import signal, special

G = R = y = None


def returns_to_go(rewards, lengths, gamma):
    rewards = rewards.numpy()
    result = np.zeros_like(rewards)
    for row, out, length in zip(rewards, result, lengths.numpy(), strict=True):
        out[:length] = signal.lfilter([1.0], [1.0, -gamma], row[:length][::-1])[::-1]
    return torch.from_numpy(result)


def softmax_score(logits, actions):
    score = -special.softmax(logits.numpy(), axis=1)
    np.add.at(score, (np.arange(len(score)), actions.numpy()), 1.0)
    return torch.from_numpy(score)


def gaussian_score(mu, log_std, actions):
    mu, log_std, actions = mu.numpy(), log_std.numpy(), actions.numpy()
    with np.errstate(all="ignore"):
        by_mu = (actions - mu) * np.exp(-2 * log_std)
    return torch.tensor(by_mu), torch.tensor(by_mu * (actions - mu) - 1)


def surrogate_loss(logits, actions, returns, values, lengths):
    weights = returns.detach().numpy() - values.detach().numpy()
    weights[np.arange(weights.shape[1])[None] >= lengths.numpy()[:, None]] = 0
    index = np.indices(actions.shape)
    log_pi = logits[index[0], index[1], actions] - logits.logsumexp(-1)
    return -(torch.from_numpy(weights) * log_pi).sum(-1).mean(0)


def best_baselines(g, R):
    squares, R = g.numpy() ** 2, R.numpy()
    total = squares.sum(0)
    each = np.divide(R @ squares, total, out=np.zeros_like(total), where=total > 0)
    best = np.average(R, weights=squares.sum(1)) if total.any() else 0.0
    return torch.tensor(best), torch.tensor(each)


def targets(rewards, terminated, truncated, next_values, gamma):
    r, end, cut, v = (tensor.numpy().copy() for tensor in (rewards, terminated, truncated, next_values))
    v[end] = 0
    over = end | cut
    real = np.hstack([np.ones_like(end[:, :1]), ~over[:, :-1]])
    y = np.zeros_like(r)
    carry = v[:, -1]
    for t in range(r.shape[1] - 1, -1, -1):
        carry = r[:, t] + gamma * np.where(over[:, t], v[:, t], carry)
        y[:, t] = carry
    return torch.from_numpy(np.where(real, y, 0)), torch.from_numpy(real)
