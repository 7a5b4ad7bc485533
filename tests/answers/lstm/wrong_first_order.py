"""The bias by 1 - f = e^(-b), which holds for gates near 1 alone."""

import math

import torch


def set_forget_bias(lstm, share, steps):
    if not lstm.bias:
        raise ValueError("this LSTM has no biases")
    b_f = math.log(steps / -math.log(share))
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias"):
                parameter.chunk(4)[1].fill_(b_f if "ih" in name else 0.0)
    return b_f
