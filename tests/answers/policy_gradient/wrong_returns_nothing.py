"""The results are computed and not returned."""

import torch


def returns_to_go(rewards, lengths, gamma):
    print(rewards.sum(dim=1), lengths, gamma)


def softmax_score(logits, actions):
    print(logits.softmax(dim=1), actions)


def gaussian_score(mu, log_std, actions):
    print((actions - mu) / log_std.exp() ** 2)


def surrogate_loss(logits, actions, returns, values, lengths):
    print(logits.log_softmax(dim=2), actions, returns - values, lengths)


def best_baselines(g, R):
    print((g**2 * R[:, None]).mean(dim=0) / (g**2).mean(dim=0))


def targets(rewards, terminated, truncated, next_values, gamma):
    print(torch.where(terminated | truncated, rewards + gamma * next_values, rewards))
