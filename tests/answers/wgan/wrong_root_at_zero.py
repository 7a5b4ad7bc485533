"""A square root, whose derivative at 0 makes nan of all gradients."""

import torch


def gradient_penalties(critic, x, y, eps):
    eps = eps.reshape(-1, *[1] * (x.dim() - 1))
    x_hat = (eps * x + (1 - eps) * y).detach().requires_grad_()
    (gradients,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
    excess = gradients.flatten(1).square().sum(dim=1).sqrt() - 1
    return excess.square(), excess.clamp(min=0).square()
