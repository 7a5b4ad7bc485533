"""D moves first, then F and C against the new D."""

import torch


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    softplus = torch.nn.functional.softplus

    def mean(values):
        return values.sum() / max(1, len(values))

    def domain_loss(f):
        a = D(f).squeeze(1)
        return mean(softplus(-a[is_source])) + mean(softplus(a[~is_source]))

    optimizer.zero_grad()
    loss_d = domain_loss(F(x).detach())
    loss_d.backward()
    optimizer.step()
    optimizer.zero_grad()
    f = F(x)
    known = y >= 0
    loss_y = mean(torch.nn.functional.cross_entropy(C(f)[known], y[known], reduction="none"))
    (loss_y - lam * domain_loss(f)).backward()
    for p in D.parameters():
        p.grad = None
    optimizer.step()
    return loss_y.item(), loss_d.item()
