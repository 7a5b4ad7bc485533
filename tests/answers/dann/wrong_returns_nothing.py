"""Computes, and forgets to return."""


def reverse_gradient(f, lam):
    pass


def lam_schedule(step, start, end, gamma, lam_max):
    pass


def a_distance(f_s, f_t, held_s, held_t):
    pass


def dann_step(F, C, D, optimizer, x, y, is_source, lam):
    pass


def mmd2(f, g, sigmas):
    pass


def label_shift(y_s, yhat_s, yhat_t, k):
    pass
