"""Normalises over the states."""

import torch


def softmax_score(logits, actions):
    taken = torch.nn.functional.one_hot(actions, logits.shape[1])
    return taken - logits.softmax(dim=0)
