"""Helper functions whose names are those of everybody's variables, and pairs that are lists."""

import torch
import torch.nn.functional as F

numpy = None
kind = float


def weights(x, over):
    return torch.where(over, torch.zeros_like(x), x)


def given(phi, next_phi, terminated, gamma):
    return phi - gamma * weights(next_phi, terminated[:, None])


def batches(rewards, gamma):
    total, out = 0.0, []
    for r in rewards.flip(0):
        total = r + gamma * total
        out.append(total)
    return out[::-1]


def y(G):
    return torch.stack(G) if G else torch.zeros(0, dtype=torch.float64)


def first_visits(episodes, states, gamma):
    V, error = [], []
    sums = [batches(r, gamma) for _, r in episodes]
    for state in range(states):
        G = [x[s.tolist().index(state)] for (s, _), x in zip(episodes, sums, strict=True) if state in s.tolist()]
        G = y(G)
        V.append(G.mean() if len(G) else 0.0)
        error.append(G.std(correction=1) / len(G) ** 0.5 if len(G) > 1 else torch.inf)
    return [torch.tensor(V), torch.tensor(error)]


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    deltas = []
    for difference, r, f in zip(given(phi, next_phi, terminated, gamma), rewards, phi, strict=True):
        delta = r - difference @ w
        w = w + alpha * delta * f
        deltas.append(delta.item())
    return [w, deltas]


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    """By iterating the mean change with a matrix that makes it fast: Newton's method, one step from 0."""
    w = torch.zeros(phi.shape[1], dtype=phi.dtype)

    def seen(w):
        return (td_error(w)[:, None] * phi).mean(dim=0)

    def td_error(w):
        return rewards - given(phi, next_phi, terminated, gamma) @ w

    return w - torch.linalg.solve(torch.autograd.functional.jacobian(seen, w), seen(w))


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    answer = torch.zeros_like(rewards)
    for i in range(len(rewards)):
        L = lengths[i]
        ends = values[i].clone()
        ends[L:] = 0.0 if terminated[i] else values[i, L]
        # One step more at a time: the (k + 1)-step return is a reward and the k-step return of the next state.
        G = ends[: L + 1]
        for _ in range(min(n, int(L))):
            G = torch.cat([rewards[i, :L] + gamma * G[1:], ends[L : L + 1]])
        answer[i, :L] = G[:-1]
    return answer


def advantages(rewards, values, terminated, truncated, gamma, lam):
    """The λ-return first, then the value subtracted."""
    N, T = rewards.shape
    over = terminated | truncated
    real = F.pad(~over, (1, 0), value=True)[:, :-1]
    v = torch.where(real, values[:, :-1], 0.0)
    after = weights(values[:, 1:], terminated)
    y = torch.zeros(N, T + 1, dtype=torch.float64)
    for t in reversed(range(T)):
        last = over[:, t] | torch.tensor(t == T - 1)
        mixed = torch.where(last, after[:, t], (1 - lam) * after[:, t] + lam * y[:, t + 1])
        y[:, t] = torch.where(real[:, t], rewards[:, t] + gamma * mixed, 0.0)
    return [y[:, :-1] - v, y[:, :-1]]


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    optimizer.zero_grad()
    logits, same = net(obs)
    keep = ~terminated
    target = rewards.clone()
    if keep.any():
        with torch.no_grad():
            target[keep] += gamma * net(next_obs[keep])[1]
    pi = torch.distributions.Categorical(logits=logits)
    counted = -(pi.log_prob(actions) * (target - same.detach())).mean()
    copies = F.mse_loss(same, target)
    result = pi.entropy().mean()
    loss = counted + c * copies - beta * result
    loss.backward()
    optimizer.step()
    return [counted.item(), copies.item(), result.item()]
