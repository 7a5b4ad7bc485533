"""The new u carries a graph, which grows from call to call."""


def spectral_normalise(weight, u, steps):
    matrix = weight.reshape(len(weight), -1)
    if not matrix.any():
        return weight.clone(), u.clone()
    new = u
    for _ in range(steps):
        v = (matrix.T @ new).detach()
        v = v / v.norm()
        new = matrix @ v
        new = new / new.norm()
    return weight / (new.detach() @ matrix @ v), new
