"""By experiment: the Jacobian by finite differences, the shares by cells that start with a one."""

import torch


def _gates(count, x_t, h, W, U, b):
    a = torch.nn.functional.linear(x_t, W.reshape(-1, W.shape[2]), b.reshape(-1))
    return (a + torch.nn.functional.linear(h, U.reshape(-1, U.shape[2]))).chunk(count, dim=1)


def coupled_lstm(x, h0, c0, W, U, b):
    h, c, states = h0, c0, []
    tracers = []  # a cell for each source, with a one in it
    for t in range(x.shape[1]):
        f, o, g = _gates(3, x[:, t], h, W, U, b)
        f = f.sigmoid()
        c = f * c + (1 - f) * g.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)
        tracers = [f * tracer for tracer in tracers or [torch.ones_like(c0)]]
        tracers.append((1 - f) * torch.ones_like(c0))
    return torch.stack(states, dim=1), torch.stack(tracers, dim=1)


def memory_jacobian(x, h0, c0, W, U, b):
    def run(c):
        h, kept = h0, 1.0
        for t in range(x.shape[1]):
            f, i, o, g = _gates(4, x[:, t], h, W, U, b)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h, kept = o.sigmoid() * c.tanh(), kept * f.sigmoid()
        return c, kept

    columns = []
    for step in 1e-5 * torch.eye(c0.shape[1], dtype=c0.dtype):
        columns.append((run(c0 + step)[0] - run(c0 - step)[0]) / 2e-5)
    return run(c0)[1], torch.stack(columns, dim=2)
