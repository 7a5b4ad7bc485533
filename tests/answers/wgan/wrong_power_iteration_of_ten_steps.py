"""Ten steps of power iteration in place of the spectral norm."""

import torch


def lipschitz_bounds(net, x):
    inputs = x.clone().requires_grad_()
    scores = net(inputs)[:, 0]
    (gradients,) = torch.autograd.grad(scores.sum(), inputs)
    lower = gradients.norm(dim=1).max().item()

    f = scores.detach()
    i, j = torch.triu_indices(len(x), len(x), offset=1)
    distance = (x[i] - x[j]).norm(dim=1)
    apart = distance > 0
    if apart.any():
        slopes = (f[i] - f[j]).abs()[apart] / distance[apart]
        lower = max(lower, slopes.max().item())

    upper = 1.0
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            v = torch.ones(layer.in_features, dtype=x.dtype)
            for _ in range(10):
                v = layer.weight.detach().T @ (layer.weight.detach() @ v)
                v = v / v.norm()
            upper *= (layer.weight.detach() @ v).norm().item()
    verdict = "no" if lower > 1 + 1e-6 else "yes" if upper <= 1 + 1e-6 else "unknown"
    return lower, upper, verdict
