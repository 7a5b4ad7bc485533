"""The gradients are clipped in place of the parameters."""

import torch


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = []
    for x, z in zip(xs, zs, strict=True):
        opt_f.zero_grad()
        gap = critic(x).mean() - critic(generator(z).detach()).mean()
        (-gap).backward()
        torch.nn.utils.clip_grad_value_(critic.parameters(), limit)
        opt_f.step()
        gaps.append(gap.item())

    opt_g.zero_grad()
    loss_g = -critic(generator(z_g)).mean()
    loss_g.backward()
    opt_g.step()
    return gaps, loss_g.item()
