"""The derivative of π, not of its logarithm."""

import torch


def softmax_score(logits, actions):
    taken = torch.nn.functional.one_hot(actions, logits.shape[1])
    pi = logits.softmax(dim=1)
    return (taken - pi) * pi.gather(1, actions[:, None])
