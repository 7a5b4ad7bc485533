"""A small constant beside the distance saves the points that coincide and flattens those that are close."""

import torch


def lipschitz_bounds(net, x):
    inputs = x.clone().requires_grad_()
    scores = net(inputs)[:, 0]
    (gradients,) = torch.autograd.grad(scores.sum(), inputs)
    lower = gradients.norm(dim=1).max().item()

    f = scores.detach()
    for i in range(len(x)):
        slopes = (f - f[i]).abs() / ((x - x[i]).norm(dim=1) + 1e-8)
        lower = max(lower, slopes.max().item())

    upper = 1.0
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            upper *= torch.linalg.matrix_norm(layer.weight.detach(), 2).item()
    verdict = "no" if lower > 1 + 1e-6 else "yes" if upper <= 1 + 1e-6 else "unknown"
    return lower, upper, verdict
