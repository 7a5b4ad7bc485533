"""The other gates' biases become zero."""

import math

import torch


def set_forget_bias(lstm, share, steps):
    """Set the forget biases of an nn.LSTM so that `share` is left after `steps` steps; returns the bias."""
    if not lstm.bias:
        raise ValueError("this LSTM has no biases")
    beta = -math.log(math.expm1(-math.log(share) / steps))
    forget = slice(lstm.hidden_size, 2 * lstm.hidden_size)
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias"):
                parameter[:] = 0.0
            if name.startswith("bias_ih"):
                parameter[forget] = beta
            elif name.startswith("bias_hh"):
                parameter[forget] = 0.0
    return beta
