"""Right, but tries each pair of values for each sample in plain Python."""


def a_distance(f_s, f_t, held_s, held_t):
    def error(source, target, theta, sign):
        wrong_s = sum(1 for value in source if sign * (value - theta) <= 0) / len(source)
        wrong_t = sum(1 for value in target if sign * (value - theta) > 0) / len(target)
        return (wrong_s + wrong_t) / 2

    best, held_out = 0.5, 0.5
    for j in range(f_s.shape[1]):
        values = sorted(set(f_s[:, j].tolist()) | set(f_t[:, j].tolist()))
        for low in values:
            for high in values:
                if any(low < value < high for value in values) or low >= high:
                    continue
                for sign in (1, -1):
                    tried = error(f_s[:, j], f_t[:, j], (low + high) / 2, sign)
                    if tried < best:
                        best, held_out = tried, error(held_s[:, j], held_t[:, j], (low + high) / 2, sign)
    return 2 * (1 - 2 * best), 2 * (1 - 2 * held_out)
