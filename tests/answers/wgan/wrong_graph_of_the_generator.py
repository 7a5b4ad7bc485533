"""The samples keep their graph, and the penalty trains the generator."""

import torch


def gradient_penalties(critic, x, y, eps):
    eps = eps.reshape(-1, *[1] * (x.dim() - 1))
    x_hat = eps * x + (1 - eps) * y
    if not x_hat.requires_grad:
        x_hat.requires_grad_()
    (gradients,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
    excess = gradients.flatten(1).norm(dim=1) - 1
    return excess.square(), excess.clamp(min=0).square()
