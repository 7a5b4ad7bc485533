"""Everything in single precision."""

import torch
import torch.nn.functional as F


def first_visits(episodes, states, gamma):
    found = {k: [] for k in range(states)}
    for s, r in episodes:
        G = torch.zeros(len(r) + 1)
        for t in reversed(range(len(r))):
            G[t] = r[t].float() + gamma * G[t + 1]
        for state in s.unique().tolist():
            found[state].append(G[:-1][s == state][0])
    V = torch.stack([torch.stack(some).mean() if some else torch.zeros(()) for some in found.values()])
    errors = [torch.stack(some).std() / len(some) ** 0.5 if len(some) > 1 else float("inf") for some in found.values()]
    return V, torch.tensor(errors)


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    w, phi, rewards = w.float(), phi.float(), rewards.float()
    ahead = gamma * next_phi.float().masked_fill(terminated.unsqueeze(1), 0.0)
    deltas = []
    for t in range(len(phi)):
        deltas += [rewards[t] + ahead[t].dot(w) - phi[t].dot(w)]
        w = torch.add(w, phi[t], alpha=float(alpha * deltas[-1]))
    return w, torch.stack(deltas)


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    phi, rewards = phi.float(), rewards.float()
    ahead = gamma * next_phi.float().masked_fill(terminated.unsqueeze(1), 0.0)
    A = torch.einsum("ti,tj->ij", phi, phi - ahead)
    return torch.linalg.lstsq(A, torch.einsum("ti,t->i", phi, rewards)[:, None]).solution[:, 0]


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    N, T = rewards.shape
    t = torch.arange(T)
    inside = t < lengths[:, None]
    r = rewards.float().masked_fill(~inside, 0.0)
    v = values.float().clone()
    v[torch.arange(T + 1) > lengths[:, None]] = 0.0
    v[torch.arange(N)[terminated], lengths[terminated]] = 0.0
    n = min(n, T)
    r = F.pad(r, (0, n))
    G = sum(gamma**k * r[:, k : k + T] for k in range(n))
    steps = torch.clamp(lengths[:, None] - t, 0, n)
    G = G + torch.tensor(float(gamma)) ** steps * v.gather(1, t + steps)
    return G.masked_fill(~inside, 0.0)


def advantages(rewards, values, terminated, truncated, gamma, lam):
    r, v = rewards.float(), values.float()
    over = (terminated | truncated).float()
    real = 1 - F.pad(over, (1, 0))[:, :-1]
    v_next = torch.where(terminated, 0.0, v[:, 1:])
    v_now = torch.where(real > 0, v[:, :-1], 0.0)
    delta = torch.where(real > 0, r + gamma * v_next - v_now, 0.0)
    A, columns = torch.zeros(len(r)), []
    for d, go in zip(delta.unbind(1)[::-1], (1 - over).unbind(1)[::-1], strict=True):
        A = d + gamma * lam * go * A
        columns.insert(0, A)
    A = torch.stack(columns, 1) * real
    return A, A + v_now


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    logits, v = net(obs)
    v_next = net(next_obs)[1].detach()
    v_next[terminated] = 0
    y = (rewards + gamma * v_next).to(v.dtype)
    nll = F.cross_entropy(logits, actions, reduction="none")
    policy_loss = ((y - v.detach()) * nll).mean()
    value_loss = F.mse_loss(v, y)
    p = F.softmax(logits, dim=1)
    entropy = -(p * F.log_softmax(logits, dim=1)).sum(1).mean()
    optimizer.zero_grad()
    torch.autograd.backward([policy_loss, c * value_loss, -beta * entropy])
    optimizer.step()
    return policy_loss, value_loss, entropy
