"""Torch throughout: tensors, 0-d tensors and NumPy scalars come back, gradients still attached where there are any."""

import numpy as np
import torch
import torch.nn.functional as F


def optimal_discriminator(log_p_d, log_p_m):
    a, b = torch.tensor(log_p_d), torch.tensor(log_p_m)
    logits = torch.stack([a, b])
    nobody = torch.isneginf(logits).all(dim=0)
    shares = torch.softmax(logits.masked_fill(nobody, 0.0), dim=0)
    return shares[0]


def jensen_shannon(p, q):
    if np.shape(p) != np.shape(q):
        raise ValueError("shapes differ")
    p = torch.as_tensor(np.array(p, dtype=np.float64)).requires_grad_()
    q = torch.as_tensor(np.array(q, dtype=np.float64))
    for values in (p, q):
        ok = (values >= 0).all() and torch.isclose(values.sum(), torch.ones(()).double(), rtol=0, atol=1e-6)
        if not ok:
            raise ValueError("no distribution")
    m = (p + q) / 2
    value = (torch.xlogy(p, p).sum() - torch.xlogy(p, m).sum() + torch.xlogy(q, q).sum() - torch.xlogy(q, m).sum()) / 2
    return value.clamp(0.0, float(np.log(2)))


def discriminator_loss(real_logits, fake_logits):
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def generator_losses(fake_logits):
    return [F.logsigmoid(-fake_logits).mean(), -F.logsigmoid(fake_logits).mean()]


def alternating_step(D, G, opt_D, opt_G, x, z_D, z_G):
    opt_D.zero_grad(set_to_none=False)
    opt_G.zero_grad(set_to_none=False)
    real, fake = D(x), D(G(z_D).detach())
    loss_D = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    loss_D = loss_D + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    loss_D.backward()
    opt_D.step()

    for p in D.parameters():
        p.requires_grad_(False)
    logits = D(G(z_G))
    loss_G = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    opt_G.zero_grad()
    loss_G.backward()
    opt_G.step()
    for p in D.parameters():
        p.requires_grad_(True)
    return loss_D, loss_G.detach()


def smoothed_discriminator(p_d, p_m, s):
    p_d, p_m = torch.tensor(p_d), torch.tensor(p_m)
    share = p_d / (p_d + p_m)
    return (1 - s) * torch.where(share.isnan(), 0.5, share)


def ring_of_modes(k, radius):
    angle = torch.arange(k, dtype=torch.float64) * (2 * torch.pi / k)
    return radius * torch.stack([angle.cos(), angle.sin()], dim=1)


def count_modes(samples, centres, std, min_share):
    samples, centres = torch.tensor(samples).double(), torch.tensor(centres).double()
    between = torch.cdist(centres, centres)
    first = (between < std / 100).int().argmax(dim=1)
    centres = centres[first.unique()]
    distance, nearest = torch.cdist(samples, centres).min(dim=1)
    good = distance <= 3 * std
    counts = torch.bincount(nearest[good], minlength=len(centres))
    return (counts >= min_share * len(samples)).sum(), np.float32(good.double().mean())
