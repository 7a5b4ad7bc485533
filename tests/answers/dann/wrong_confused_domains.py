"""F makes D say one half, by turned labels, in place of the reversed gradient."""

import torch


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    """One simultaneous step of F, C and D by (DANN.6); returns L_y and L_d as floats."""
    softplus, cross_entropy = torch.nn.functional.softplus, torch.nn.functional.cross_entropy

    def mean(values):
        return values.sum() / max(1, len(values))

    f = F(x)
    fixed = f.detach()
    a = D(fixed).squeeze(1)
    known = y >= 0
    loss_y = mean(cross_entropy(C(f)[known], y[known], reduction="none"))
    loss_d = mean(softplus(-a[is_source])) + mean(softplus(a[~is_source]))
    optimizer.zero_grad()
    frozen = [p.requires_grad_(False) for p in D.parameters()]
    b = D(f).squeeze(1)
    turned = mean(softplus(b[is_source])) + mean(softplus(-b[~is_source]))
    for p in frozen:
        p.requires_grad_(True)
    (loss_y + loss_d + lam * turned).backward()
    optimizer.step()
    return loss_y.item(), loss_d.item()
