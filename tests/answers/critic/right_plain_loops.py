"""Loops over Python's numbers, forwards, and Gaussian elimination by hand."""

import math

import torch


def first_visits(episodes, states, gamma):
    V, error = [0.0] * states, [math.inf] * states
    for k in range(states):
        returns = []
        for s, r in episodes:
            total, discount, met = 0.0, 1.0, False
            for state, reward in zip(s.tolist(), r.tolist(), strict=True):
                met = met or state == k
                if met:
                    total += discount * reward
                    discount *= gamma
            if met:
                returns.append(total)
        m = len(returns)
        if m:
            V[k] = sum(returns) / m
        if m > 1:
            error[k] = math.sqrt(sum((G - V[k]) ** 2 for G in returns) / (m - 1) / m)
    return torch.tensor(V, dtype=torch.float64), torch.tensor(error, dtype=torch.float64)


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    w, deltas = w.tolist(), []
    d = range(len(w))
    for f, r, g, over in zip(phi.tolist(), rewards.tolist(), next_phi.tolist(), terminated.tolist(), strict=True):
        delta = r - sum(f[i] * w[i] for i in d)
        if not over:
            delta += gamma * sum(g[i] * w[i] for i in d)
        deltas.append(delta)
        for i in d:
            w[i] += alpha * delta * f[i]
    return w, deltas


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    phi, next_phi = phi.tolist(), next_phi.tolist()
    d = len(phi[0])
    rows = [[0.0] * (d + 1) for _ in range(d)]
    for t, f in enumerate(phi):
        for i in range(d):
            for j in range(d):
                rows[i][j] += f[i] * (f[j] - (0.0 if terminated[t] else gamma * next_phi[t][j]))
            rows[i][d] += f[i] * float(rewards[t])
    for i in range(d):
        pivot = max(range(i, d), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(d):
            if k != i:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    return torch.tensor([row[d] for row in rows])


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    out = torch.zeros(rewards.shape)
    for i in range(rewards.shape[0]):
        for t in range(int(lengths[i])):
            total, discount, at = 0.0, 1.0, t
            while at < t + n and at < int(lengths[i]):
                total += discount * rewards[i, at].item()
                discount *= gamma
                at += 1
            if at != int(lengths[i]) or not terminated[i]:
                total += discount * values[i, at].item()
            out[i, t] = total
    return out


def advantages(rewards, values, terminated, truncated, gamma, lam):
    A, y = torch.zeros(rewards.shape), torch.zeros(rewards.shape)
    for n in range(rewards.shape[0]):
        fresh, steps = True, []
        for t in range(rewards.shape[1]):
            if not fresh:
                fresh = True
                continue
            steps.append(t)
            ended, cut = bool(terminated[n, t]), bool(truncated[n, t])
            if ended or cut or t == rewards.shape[1] - 1:
                A_next = 0.0
                for k in reversed(steps):
                    value = 0.0 if k == t and ended else float(values[n, k + 1])
                    A_next = float(rewards[n, k]) + gamma * value - float(values[n, k]) + gamma * lam * A_next
                    A[n, k], y[n, k] = A_next, A_next + float(values[n, k])
                fresh, steps = not (ended or cut), []
    return A, y


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    L_pi = L_V = H = 0.0
    B = len(obs)
    for i in range(B):
        logits, value = net(obs[i : i + 1])
        y = float(rewards[i])
        if not terminated[i]:
            y = y + gamma * float(net(next_obs[i : i + 1])[1][0])
        log_pi = logits[0] - torch.logsumexp(logits[0], 0)
        L_pi = L_pi - (y - float(value[0])) * log_pi[int(actions[i])] / B
        L_V = L_V + (y - value[0]) ** 2 / B
        for one in log_pi:
            H = H - one.exp() * one / B
    optimizer.zero_grad(set_to_none=False)
    loss = L_pi + c * L_V - beta * H
    loss.backward()
    optimizer.step()
    return [float(L_pi), float(L_V), float(H)]
