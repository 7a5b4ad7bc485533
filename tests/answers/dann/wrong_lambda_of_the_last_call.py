"""Keeps lambda on the class, so the last call decides for all."""

import torch


class Turned(torch.autograd.Function):
    lam = 1.0

    @staticmethod
    def forward(ctx, f):
        return f.view_as(f)

    @staticmethod
    def backward(ctx, arriving):
        return -Turned.lam * arriving


def reverse_gradient(f, lam):
    if isinstance(lam, torch.Tensor):
        lam = lam.reshape(-1, *[1] * (f.dim() - 1))
    Turned.lam = lam
    return Turned.apply(f)
