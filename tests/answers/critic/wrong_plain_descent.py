"""Its own step of gradient descent, whatever the optimiser is."""

import torch


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    logits, values = net(obs)
    with torch.no_grad():
        after = net(next_obs)[1].masked_fill(terminated, 0.0)
        y = rewards + gamma * after
    weight = (y - values).detach()
    law = torch.distributions.Categorical(logits=logits)
    L_pi = -(weight * law.log_prob(actions)).mean()
    L_V = (y - values).square().mean()
    H = law.entropy().mean()
    optimizer.zero_grad()
    (L_pi + c * L_V - beta * H).backward()
    with torch.no_grad():
        for p in net.parameters():
            p -= optimizer.param_groups[0]["lr"] * p.grad
    optimizer.step = None
    return L_pi.item(), L_V.item(), H.item()
