"""Counts the padding."""


def surrogate_loss(logits, actions, returns, values, lengths):
    weights = (returns - values).detach()
    log_pi = logits.log_softmax(dim=2).gather(2, actions[..., None])[..., 0]
    return -(weights * log_pi).sum(dim=1).mean()
