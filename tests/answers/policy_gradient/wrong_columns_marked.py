"""Marks the column of every action in every state: an index without the rows."""

import torch


def softmax_score(logits, actions):
    taken = torch.zeros_like(logits)
    taken[:, actions] = 1.0
    return taken - logits.softmax(dim=1)
