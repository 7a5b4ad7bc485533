"""Sums in place of means."""

import torch


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    logits, values = net(obs)
    with torch.no_grad():
        after = net(next_obs)[1].masked_fill(terminated, 0.0)
        y = rewards + gamma * after
    weight = (y - values).detach()
    law = torch.distributions.Categorical(logits=logits)
    L_pi = -(weight * law.log_prob(actions)).sum()
    L_V = (y - values).square().sum()
    H = law.entropy().sum()
    optimizer.zero_grad()
    (L_pi + c * L_V - beta * H).backward()
    optimizer.step()
    return L_pi.item(), L_V.item(), H.item()
