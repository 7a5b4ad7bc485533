"""Only pairs of the first twenty points, to save time."""

import torch


def lipschitz_bounds(net, x):
    inputs = x.clone().requires_grad_()
    scores = net(inputs)[:, 0]
    (gradients,) = torch.autograd.grad(scores.sum(), inputs)
    lower = gradients.norm(dim=1).max().item()

    f = scores.detach()
    i, j = torch.triu_indices(min(20, len(x)), min(20, len(x)), offset=1)
    distance = (x[i] - x[j]).norm(dim=1)
    apart = distance > 0
    if apart.any():
        slopes = (f[i] - f[j]).abs()[apart] / distance[apart]
        lower = max(lower, slopes.max().item())

    upper = 1.0
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            upper *= torch.linalg.matrix_norm(layer.weight.detach(), 2).item()
    verdict = "no" if lower > 1 + 1e-6 else "yes" if upper <= 1 + 1e-6 else "unknown"
    return lower, upper, verdict
