"""The score of a softmax with the sign turned round, as of a loss."""

import torch


def softmax_score(logits, actions):
    taken = torch.nn.functional.one_hot(actions, logits.shape[1])
    return logits.softmax(dim=1) - taken
