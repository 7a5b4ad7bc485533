"""The losses of a GAN: the scores are taken for logits."""

import torch
import torch.nn.functional as F


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = []
    for x, z in zip(xs, zs, strict=True):
        opt_f.zero_grad()
        gap = critic(x).mean() - critic(generator(z).detach()).mean()
        (F.softplus(-critic(x)).mean() + F.softplus(critic(generator(z).detach())).mean()).backward()
        opt_f.step()
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-limit, limit)
        gaps.append(gap.item())

    opt_g.zero_grad()
    loss_g = -critic(generator(z_g)).mean()
    loss_g.backward()
    opt_g.step()
    return gaps, loss_g.item()
