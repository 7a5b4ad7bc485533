"""The policy's loss does not reach the shared layers."""

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
    grads = torch.autograd.grad(c * L_V, list(net.parameters()), retain_graph=True, allow_unused=True)
    (L_pi + c * L_V - beta * H).backward()
    for p, g in zip(net.parameters(), grads, strict=True):
        p.grad = g if g is not None and g.abs().sum() > 0 else p.grad
    optimizer.step()
    return L_pi.item(), L_V.item(), H.item()
