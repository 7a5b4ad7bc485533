"""Lets -1 index the last class."""

import torch


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    """One simultaneous step of F, C and D by (DANN.6); returns L_y and L_d as floats."""
    softplus = torch.nn.functional.softplus

    def mean(values):
        return values.sum() / max(1, len(values))

    f = F(x)
    fixed = f.detach()
    a = D(fixed - lam * (f - fixed)).squeeze(1)  # the value of f, and its gradient times -lam
    log_p = torch.log_softmax(C(f), dim=1)
    loss_y = mean(-log_p[torch.arange(len(y)), y])
    loss_d = mean(softplus(-a[is_source])) + mean(softplus(a[~is_source]))
    optimizer.zero_grad()
    (loss_d + loss_y).backward()
    optimizer.step()
    return loss_y.item(), loss_d.item()
