"""A tree of depth one, which is chosen by impurity and not by error."""

import numpy as np
from sklearn.tree import DecisionTreeClassifier


def a_distance(f_s, f_t, held_s, held_t):
    x, y = np.vstack([f_s, f_t]), np.repeat([1, 0], [len(f_s), len(f_t)])
    tree = DecisionTreeClassifier(max_depth=1, class_weight="balanced", random_state=0).fit(x, y)

    def distance(s, t):
        return 2 * (1 - np.mean(tree.predict(s) == 0) - np.mean(tree.predict(t) == 1))

    return distance(f_s, f_t), distance(held_s, held_t)
