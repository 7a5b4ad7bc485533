"""Moves the logits of the actions taken, and no others."""

import torch


def softmax_score(logits, actions):
    taken = torch.nn.functional.one_hot(actions, logits.shape[1])
    return taken * (1 - logits.softmax(dim=1))
