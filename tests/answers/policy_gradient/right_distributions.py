"""torch.distributions, autograd for the scores, and for the best baselines a parabola's lowest point."""

import torch
from torch.distributions import Categorical, Independent, Normal

loss = []


def mask(lengths, T):
    return torch.stack([torch.arange(T) < length for length in lengths])


def returns_to_go(rewards, lengths, gamma):
    out = []
    for r, length in zip(rewards, lengths, strict=True):
        G = []
        for reward in reversed(r[:length].unbind()):
            G.insert(0, reward + gamma * G[0] if G else reward)
        out.append(torch.stack(G))
    return torch.stack([torch.cat([G, rewards.new_zeros(rewards.shape[1] - len(G))]) for G in out])


def softmax_score(logits, actions):
    logits = logits.clone().requires_grad_()
    Categorical(logits=logits).log_prob(actions).sum().backward()
    return logits.grad


def gaussian_score(mu, log_std, actions):
    mu, log_std = mu.clone().requires_grad_(), log_std.clone().requires_grad_()
    policy = Independent(Normal(mu, log_std.exp()), 1)
    return torch.autograd.grad(policy.log_prob(actions).sum(), (mu, log_std))


def surrogate_loss(logits, actions, returns, values, lengths):
    log_pi = Categorical(logits=logits).log_prob(actions)
    total = torch.zeros(())
    for n in range(len(lengths)):
        inside = slice(0, int(lengths[n]))
        total = total - log_pi[n, inside] @ (returns[n, inside] - values[n, inside]).detach()
    return total / len(lengths)


def lowest(f):
    """Where a parabola is lowest, by its derivatives at 0; 0 where it is flat."""
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(f(b), b, create_graph=True)
    (bend,) = torch.autograd.grad(slope, b)
    return -slope.detach() / bend if bend > 0 else torch.zeros(())


def best_baselines(g, R):
    one = lowest(lambda b: ((R[:, None] - b) * g).square().mean())
    return one, torch.stack([lowest(lambda b, column=column: ((R - b) * column).square().mean()) for column in g.T])


def targets(rewards, terminated, truncated, next_values, gamma):
    y, real = torch.zeros_like(rewards), torch.zeros_like(terminated)
    for n in range(len(rewards)):
        start = 0
        for t in range(rewards.shape[1]):
            if t < start:
                continue
            real[n, t] = True
            if terminated[n, t] or truncated[n, t] or t == rewards.shape[1] - 1:
                value = 0.0 if terminated[n, t] else next_values[n, t]
                for k in range(t, start - 1, -1):
                    value = rewards[n, k] + gamma * value
                    y[n, k] = value
                start = t + 2
    return y, real
