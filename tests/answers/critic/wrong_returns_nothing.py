"""Every function computes, and none returns."""


def first_visits(episodes, states, gamma):
    [sum(r) for _, r in episodes]


def td0(w, phi, rewards, next_phi, terminated, alpha, gamma):
    w + alpha * phi[0]


def td_fixed_point(phi, rewards, next_phi, terminated, gamma):
    phi.T @ rewards


def n_step_returns(rewards, values, lengths, terminated, n, gamma):
    rewards + gamma * values[:, 1:]


def advantages(rewards, values, terminated, truncated, gamma, lam):
    rewards - values[:, :-1]


def actor_critic_step(net, optimizer, obs, actions, rewards, next_obs, terminated, gamma, c, beta):
    optimizer.step()
