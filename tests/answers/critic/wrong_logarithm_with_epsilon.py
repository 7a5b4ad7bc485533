"""A small constant in the logarithm."""

import torch


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    logits, values = net(obs)
    with torch.no_grad():
        after = net(next_obs)[1].masked_fill(terminated, 0.0)
        y = rewards + gamma * after
    weight = (y - values).detach()
    pi = logits.softmax(dim=1)
    L_pi = -(weight * (pi + 1e-8).log()[range(len(actions)), actions]).mean()
    L_V = (y - values).square().mean()
    H = -(pi * (pi + 1e-8).log()).sum(dim=1).mean()
    optimizer.zero_grad()
    (L_pi + c * L_V - beta * H).backward()
    optimizer.step()
    return L_pi.item(), L_V.item(), H.item()
