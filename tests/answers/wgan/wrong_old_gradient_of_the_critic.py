"""What the critic's .grad holds from before the round counts in its first step."""

import torch


def wgan_round(critic, generator, opt_f, opt_g, xs, zs, z_g, limit):
    gaps = []
    for x, z in zip(xs, zs, strict=True):
        gap = critic(x).mean() - critic(generator(z).detach()).mean()
        (-gap).backward()
        opt_f.step()
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-limit, limit)
        gaps.append(gap.item())
        opt_f.zero_grad()

    opt_g.zero_grad()
    loss_g = -critic(generator(z_g)).mean()
    loss_g.backward()
    opt_g.step()
    return gaps, loss_g.item()
