"""SciPy's filters for discounted sums, and gradients of a function of the parameters."""

import itertools

import torch
from scipy.signal import lfilter
from torch.func import functional_call, grad


def discounted(x, factor):
    """Sums of what follows, discounted: an array like x."""
    return lfilter([1], [1, -factor], x[::-1])[::-1].copy()


def first_visits(episodes, states, gamma):
    collected = [[] for _ in range(states)]
    for s, r in episodes:
        G = discounted(r.numpy(), gamma)
        met = set()
        for state, value in zip(s.tolist(), G, strict=True):
            if state not in met:
                met.add(state)
                collected[state].append(value)

    def mean(x):
        return sum(x) / len(x) if x else 0.0

    def error(x):
        n = len(x)
        return float("inf") if n < 2 else (sum((v - mean(x)) ** 2 for v in x) / (n * (n - 1))) ** 0.5

    return torch.tensor([mean(x) for x in collected]), torch.tensor([error(x) for x in collected])


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    def move(state, transition):
        w, _ = state
        x, r, x_next, end = transition
        V_next = torch.zeros((), dtype=w.dtype) if end else torch.inner(x_next, w)
        delta = r + gamma * V_next - torch.inner(x, w)
        return torch.addcmul(w, x, delta, value=alpha), delta

    rows = zip(phi, rewards, next_phi, terminated, strict=True)
    states = list(itertools.accumulate(rows, move, initial=(w, None)))
    return states[-1][0], torch.stack([delta for _, delta in states[1:]])


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    """The summed change is affine: its value and its Jacobian at 0 say all."""

    def change(w):
        V_next = (next_phi * 1.0).index_fill(0, terminated.nonzero().flatten(), 0.0) @ w
        return phi.T @ (rewards + gamma * V_next - phi @ w)

    zero = torch.zeros_like(phi[0])
    return torch.linalg.solve(-torch.func.jacrev(change)(zero), change(zero))


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    G = torch.zeros_like(rewards)
    for i, L in enumerate(lengths.tolist()):
        v = values[i, : L + 1].clone()
        v[-1] = torch.where(terminated[i], 0.0, v[-1])
        delta = rewards[i, :L] + gamma * v[1:] - v[:-1]
        for t in range(L):
            G[i, t] = v[t] + sum(gamma**k * delta[t + k] for k in range(min(n, L - t)))
    return G


def advantages(rewards, values, terminated, truncated, gamma, lam):
    A, y = torch.zeros_like(rewards), torch.zeros_like(rewards)
    over = terminated | truncated
    T = rewards.shape[1]
    for n in range(rewards.shape[0]):
        start = 0
        while start < T:
            marks = over[n, start:].nonzero().flatten()
            stop = start + int(marks[0]) + 1 if len(marks) else T
            v = values[n, start : stop + 1].clone()
            if terminated[n, stop - 1]:
                v[-1] = 0.0
            delta = rewards[n, start:stop] + gamma * v[1:] - v[:-1]
            A[n, start:stop] = torch.from_numpy(discounted(delta.numpy(), gamma * lam))
            y[n, start:stop] = A[n, start:stop] + v[:-1]
            start = stop + 1
    return A, y


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    fixed = {name: p.detach() for name, p in net.named_parameters()}
    V = functional_call(net, fixed, (obs,))[1]
    safe = torch.where(terminated[:, None], torch.zeros_like(next_obs), next_obs)
    y = rewards + gamma * torch.where(terminated, torch.zeros_like(V), functional_call(net, fixed, (safe,))[1])

    def objective(parameters):
        logits, values = functional_call(net, parameters, (obs,))
        log_pi = logits - logits.logsumexp(dim=1, keepdim=True)
        taken = torch.nn.functional.one_hot(actions, logits.shape[1]).to(logits.dtype)
        policy = -((y - V) * (taken * log_pi).sum(dim=1)).mean()
        critic = (y - values).pow(2).mean()
        entropy = -(logits.softmax(dim=1) * log_pi).sum(dim=1).mean()
        return policy + c * critic - beta * entropy, (policy, critic, entropy)

    gradients, parts = grad(objective, has_aux=True)(fixed)
    for name, p in net.named_parameters():
        p.grad = gradients[name]
    optimizer.step()
    return tuple(float(part) for part in parts)
