"""Sums by einsum, masks by masked_fill, pairs as named tuples."""

from collections import namedtuple

import torch

Pair = namedtuple("Pair", "first second")


def returns_to_go(rewards, lengths, gamma):
    T = rewards.shape[1]
    t = torch.arange(T)
    lag = (t[None, :] - t[:, None]).clamp(min=0)
    M = torch.as_tensor(gamma, dtype=torch.float64) ** lag * (t[None, :] >= t[:, None])
    inside = t < lengths[:, None]
    clean = rewards.masked_fill(~inside, 0)
    return torch.einsum("tk,nk->nt", M, clean).masked_fill(~inside, 0)


def softmax_score(logits, actions):
    score = -torch.softmax(logits, -1)
    score[torch.arange(len(actions)), actions] += 1
    return score


def gaussian_score(mu, log_std, actions):
    precision = (-2 * log_std).exp()
    return Pair((actions - mu) * precision, (actions - mu).square() * precision - 1)


def surrogate_loss(logits, actions, returns, values, lengths):
    loss = logits.new_zeros(())
    law = torch.distributions.Categorical(logits=logits)
    log_pi = law.log_prob(actions)
    for n in range(logits.size(0)):
        L = lengths[n].item()
        loss = loss - torch.einsum("t,t->", (returns[n, :L] - values[n, :L]).detach(), log_pi[n, :L])
    return loss.div(logits.size(0))


def best_baselines(g, R):
    num, den = torch.einsum("nd,n->d", g * g, R), torch.einsum("nd,nd->d", g, g)
    safe = den.masked_fill(den == 0, 1)
    total = den.sum()
    return Pair(num.sum() / (total if total > 0 else 1), num / safe)


def targets(rewards, terminated, truncated, next_values, gamma):
    done = torch.logical_or(terminated, truncated)
    real = torch.cat([torch.ones_like(done[:, :1]), ~done[:, :-1]], dim=1)
    boot = truncated.clone()
    boot[:, -1] = True
    boot &= ~terminated & real
    paid = (rewards + gamma * next_values.masked_fill(~boot, 0)).masked_fill(~real, 0)
    go_on = (real & ~done).double()
    y = [paid[:, -1]]
    for t in range(rewards.shape[1] - 2, -1, -1):
        y.insert(0, paid[:, t] + gamma * go_on[:, t] * y[0])
    return Pair(torch.stack(y, 1), real)
