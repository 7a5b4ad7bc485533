"""NumPy wherever there is no gradient."""

import numpy as np
import torch


def first_visits(episodes, states, gamma):
    V, error = np.zeros(states), np.full(states, np.inf)
    table = np.full((len(episodes), states), np.nan)
    for row, (s, r) in zip(table, episodes, strict=True):
        s, r = s.numpy(), r.numpy()
        for state, t in zip(*np.unique(s, return_index=True), strict=True):
            row[state] = np.polynomial.polynomial.polyval(gamma, r[t:])
    for k in range(states):
        G = table[~np.isnan(table[:, k]), k]
        if G.size:
            V[k] = G.mean()
        if G.size > 1:
            error[k] = G.std(ddof=1) / np.sqrt(G.size)
    return torch.from_numpy(V), torch.from_numpy(error)


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    w, phi, next_phi = w.numpy().copy(), phi.numpy(), next_phi.numpy()
    deltas = np.empty(len(phi))
    for t, (r, over) in enumerate(zip(rewards.numpy(), terminated.numpy(), strict=True)):
        direction = phi[t] if over else phi[t] - gamma * next_phi[t]
        deltas[t] = r - direction @ w
        w += alpha * deltas[t] * phi[t]
    return torch.from_numpy(w), torch.from_numpy(deltas)


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    phi = phi.numpy()
    onward = np.where(terminated.numpy()[:, None], 0, next_phi.numpy())
    return torch.from_numpy(np.linalg.inv(phi.T @ (phi - gamma * onward)) @ phi.T @ rewards.numpy())


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    r, v, G = rewards.numpy(), values.numpy(), np.zeros(rewards.shape)
    for i, (L, over) in enumerate(zip(lengths.numpy(), terminated.numpy(), strict=True)):
        paid, worth = r[i, :L], v[i, : L + 1].copy()
        worth[L] = 0 if over else worth[L]
        for t in range(L):
            m = min(n, L - t)
            G[i, t] = gamma ** np.arange(m) @ paid[t : t + m] + float(gamma) ** m * worth[t + m]
    return torch.from_numpy(G)


def advantages(rewards, values, terminated, truncated, gamma, lam):
    r, v = rewards.numpy(), values.numpy()
    end, over = terminated.numpy(), (terminated | truncated).numpy()
    real = np.pad(~over, [(0, 0), (1, 0)], constant_values=True)[:, :-1]
    delta = r + gamma * np.where(end, 0, v[:, 1:]) - np.where(real, v[:, :-1], 0)
    delta = np.where(real, delta, 0)
    A, later = np.zeros_like(r), 0
    for t in range(r.shape[1])[::-1]:
        A[:, t] = later = real[:, t] * (delta[:, t] + gamma * lam * np.where(over[:, t], 0, later))
    y = A + np.where(real, v[:, :-1], 0)
    return torch.from_numpy(A), torch.from_numpy(y)


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    logits, values = net(obs)
    after = net(next_obs)[1].detach().numpy()
    target = rewards + gamma * torch.from_numpy(np.where(terminated.numpy(), 0, after)).to(values)
    advantage = (target - values).detach()
    log_pi = torch.log_softmax(logits, dim=-1)
    L_pi = -(advantage * log_pi.gather(1, actions.unsqueeze(1)).squeeze(1)).mean()
    L_V = torch.nn.functional.mse_loss(values, target)
    entropy = -(log_pi.exp() * log_pi).sum(-1).mean()
    optimizer.zero_grad()
    loss = L_pi + c * L_V - beta * entropy
    loss.backward()
    optimizer.step()
    return L_pi.detach().numpy(), L_V.detach().numpy(), entropy.detach().numpy()
