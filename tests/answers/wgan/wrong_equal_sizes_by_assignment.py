"""The best permutation; it needs samples of equal size and knows no weights."""

from scipy.optimize import linear_sum_assignment


def w1_on_line(x, y, x_weights, y_weights):
    cost = (x[:, None] - y).abs()
    return cost[linear_sum_assignment(cost.detach())].mean()
