"""Switches the training of D off, and not on again."""

import torch


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    """One simultaneous step of F, C and D by (DANN.6); returns L_y and L_d as floats."""
    softplus, cross_entropy = torch.nn.functional.softplus, torch.nn.functional.cross_entropy

    def mean(values):
        return values.sum() / max(1, len(values))

    f = F(x)
    fixed = f.detach()
    a = D(fixed - lam * (f - fixed)).squeeze(1)  # the value of f, and its gradient times -lam
    known = y >= 0
    loss_y = mean(cross_entropy(C(f)[known], y[known], reduction="none"))
    loss_d = mean(softplus(-a[is_source])) + mean(softplus(a[~is_source]))
    optimizer.zero_grad()
    (loss_d + loss_y).backward()
    optimizer.step()
    D.requires_grad_(False)
    return loss_y.item(), loss_d.item()
