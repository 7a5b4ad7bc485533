"""Sums as matrices: discounts from a table of exponents, and einsum."""

import torch


def discounts(gamma, steps):
    """γ^(k − t) for k ≥ t, else 0: (steps, steps)."""
    k_minus_t = torch.arange(steps)[None, :] - torch.arange(steps)[:, None]
    powers = torch.as_tensor(gamma, dtype=torch.float64) ** k_minus_t.clamp(min=0)
    return powers * (k_minus_t >= 0)


def returns_to_go(rewards, lengths, gamma):
    mask = torch.arange(rewards.shape[1]) < lengths.view(-1, 1)
    return torch.einsum("tk,nk->nt", discounts(gamma, rewards.shape[1]), torch.where(mask, rewards, 0.0))


def softmax_score(logits, actions):
    pi = torch.softmax(logits, dim=1)
    return torch.eye(pi.shape[1], dtype=logits.dtype)[actions] - pi


def gaussian_score(mu, log_std, actions):
    precision = torch.diag_embed(torch.exp(-2 * log_std))
    away = actions - mu
    by_mu = torch.einsum("bij,bj->bi", precision, away)
    return by_mu, by_mu * away - 1


def surrogate_loss(logits, actions, returns, values, lengths):
    N, T, K = logits.shape
    with torch.no_grad():
        mask = torch.arange(T) < lengths.view(-1, 1)
        weights = torch.where(mask, returns, 0.0) - torch.where(mask, values, 0.0)
        taken = torch.nn.functional.one_hot(actions, K).to(logits)
    return torch.einsum("nt,ntk,ntk->", weights, taken, torch.log_softmax(logits, dim=2)) / -N


def best_baselines(g, R):
    above = torch.einsum("nj,nj,n->j", g, g, R)
    below = torch.einsum("nj,nj->j", g, g)
    each = torch.zeros_like(above)
    each[below > 0] = above[below > 0] / below[below > 0]
    total = below.sum()
    return (above.sum() / total if total > 0 else total), each


def targets(rewards, terminated, truncated, next_values, gamma):
    # y = r + γ (N y + c): solved for all steps at once.
    T = rewards.shape[1]
    over = terminated | truncated
    real = torch.ones_like(over)
    real[:, 1:] = ~over[:, :-1]
    stops = over.clone()
    stops[:, -1] = True
    ends_in_value = stops & ~terminated & real
    r = torch.where(real, rewards, 0.0) + gamma * torch.where(ends_in_value, next_values, 0.0)
    goes_on = (real & ~stops).to(rewards)
    A = torch.eye(T, dtype=rewards.dtype) - gamma * torch.diag_embed(goes_on[:, :-1], offset=1)
    return torch.linalg.solve(A, r.unsqueeze(2)).squeeze(2), real
