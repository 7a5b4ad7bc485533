"""The critic's loss reaches the generator."""

import torch


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = []
    for x, z in zip(xs, zs, strict=True):
        opt_f.zero_grad()
        gap = critic(x).mean() - critic(generator(z)).mean()
        (-gap).backward()
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
