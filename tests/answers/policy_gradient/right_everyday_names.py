"""Helper functions whose names are those of everybody's variables, and pairs that are lists."""

import torch
import torch.nn.functional as F

numpy = None


def mask(lengths, T):
    return torch.arange(T) < lengths[:, None]


def weights(g):
    return g * g


def total(x):
    return x.sum(dim=0)


def y(x):
    return x[:, :-1]


def R(x, gamma):
    for t in range(x.shape[1] - 2, -1, -1):
        x[:, t] += gamma * x[:, t + 1]
    return x


def returns(rewards, lengths):
    return torch.where(mask(lengths, rewards.shape[1]), rewards, 0.0)


def loss(logits, actions):
    return F.cross_entropy(logits.transpose(1, 2), actions, reduction="none")


def returns_to_go(rewards, lengths, gamma):
    return R(returns(rewards, lengths), gamma)


def softmax_score(logits, actions):
    scores = -logits.softmax(dim=1)
    scores[range(len(scores)), actions] += 1
    return scores


def gaussian_score(mu, log_std, actions):
    z = (actions - mu) / log_std.exp()
    return [z / log_std.exp(), z * z - 1]


def surrogate_loss(logits, actions, returns, values, lengths):
    advantages = torch.where(mask(lengths, logits.shape[1]), returns - values, 0.0).detach()
    return (advantages * loss(logits, actions)).sum() / len(lengths)


def best_baselines(g, R):
    above, below = total(weights(g) * R[:, None]), total(weights(g))
    b = above.sum() / below.sum() if below.sum() > 0 else torch.tensor(0.0)
    return [b, torch.nan_to_num(above / below)]


def targets(rewards, terminated, truncated, next_values, gamma):
    real = F.pad((terminated | truncated).int(), (1, 0))[:, :-1] == 0
    N, T = rewards.shape
    sums = rewards.new_zeros(N, T + 1)
    cut = truncated.clone()
    cut[:, -1] = True
    for t in reversed(range(T)):
        future = torch.where(cut[:, t], next_values[:, t], sums[:, t + 1]).masked_fill(terminated[:, t], 0)
        sums[:, t] = (rewards[:, t] + gamma * future).masked_fill(~real[:, t], 0)
    return [y(sums), real]
