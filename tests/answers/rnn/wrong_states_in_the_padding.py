"""The last state stands in the padding, too."""

import numpy as np


def _states(rows, W, U, b):
    h, seen = np.zeros(len(b)), []
    for row in rows:
        h = np.tanh(W @ row + U @ h + b)
        seen.append(h)
    return np.array(seen).reshape(len(rows), len(b))


def read_both_ways(x, lengths, ahead, back):
    split = len(ahead["b"])
    result = np.zeros((*x.shape[:2], split + len(back["b"])))
    for i, length in enumerate(lengths):
        result[i, :length, :split] = _states(x[i, :length], **ahead)
        result[i, :length, split:] = _states(x[i, :length][::-1], **back)[::-1]
        if length:
            result[i, length:, :split] = result[i, length - 1, :split]
    return result
