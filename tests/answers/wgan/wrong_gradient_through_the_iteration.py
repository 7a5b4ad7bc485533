"""u and v are differentiated, too."""


def spectral_normalise(weight, u, steps):
    matrix = weight.reshape(len(weight), -1)
    if not matrix.any():
        return weight.clone(), u.clone()
    for _ in range(steps):
        v = matrix.T @ u
        v = v / v.norm()
        u = matrix @ v
        u = u / u.norm()
    return weight / (u @ matrix @ v), u.detach()
