"""`torch.cdist` multiplies matrices for more than 25 points, and the distances of close points lose their digits."""

import torch


def lipschitz_bounds(net, x):
    inputs = x.clone().requires_grad_()
    scores = net(inputs)
    (gradients,) = torch.autograd.grad(scores.sum(), inputs)
    lower = gradients.norm(dim=1).max()

    f = scores.detach()
    distance = torch.cdist(x, x)
    slopes = (f - f.T).abs() / distance
    lower = float(max(lower, slopes[distance > 0].max() if (distance > 0).any() else 0))

    matrices = [layer.weight.detach() for layer in net if isinstance(layer, torch.nn.Linear)]
    upper = float(torch.stack([torch.linalg.matrix_norm(matrix, 2) for matrix in matrices]).prod())
    verdict = "no" if lower > 1 + 1e-6 else "yes" if upper <= 1 + 1e-6 else "unknown"
    return lower, upper, verdict
