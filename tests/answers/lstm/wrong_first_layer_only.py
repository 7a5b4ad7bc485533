"""Only the first layer is set."""

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
            if name == "bias_ih_l0":
                parameter[forget] = beta
            elif name == "bias_hh_l0":
                parameter[forget] = 0.0
    return beta
