"""New parameters take the place of the old ones, which the optimiser goes on training."""

import math

import torch


def set_forget_bias(lstm, share, steps):
    """Set the forget biases of an nn.LSTM so that `share` is left after `steps` steps; returns the bias."""
    if not lstm.bias:
        raise ValueError("this LSTM has no biases")
    beta = -math.log(math.expm1(-math.log(share) / steps))
    forget = slice(lstm.hidden_size, 2 * lstm.hidden_size)
    with torch.no_grad():
        for name, parameter in list(lstm.named_parameters()):
            if name.startswith("bias_"):
                value = parameter.clone()
                value[forget] = beta if name.startswith("bias_ih") else 0.0
                setattr(lstm, name, torch.nn.Parameter(value))
    return beta
