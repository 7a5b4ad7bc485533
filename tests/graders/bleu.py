"""Hidden tests of the assignment ``bleu``: one function a task, on random inputs, against independent references.

The references know nothing of the model solution: sacrebleu's counts, penalties and scores, a bipartite matching
where sacrebleu's sentences of words cannot go (tokens with blanks, numbers), and exact fractions.
Only plain values pass to and from the student's code (see ``coursekit.grading``).
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome

Tokens = list
TOLERANCE = 1e-5  # wide enough for answers in float32


def _sentence(rng: np.random.Generator, words: Sequence, longest: int, shortest: int = 0) -> Tokens:
    """Between `shortest` and `longest` of the words, with repetitions."""
    return [words[i] for i in rng.integers(len(words), size=rng.integers(shortest, longest + 1))]


def _library(candidates: list[Tokens], references: list[list[Tokens]], order: int):
    """sacrebleu's verdict on tokens that are words; references may differ in number from segment to segment."""
    most = max(map(len, references))
    padded = [[" ".join(r) for r in refs] + [None] * (most - len(refs)) for refs in references]
    streams = [list(stream) for stream in zip(*padded, strict=True)]
    scorer = BLEU(tokenize="none", smooth_method="none", force=True, max_ngram_order=order)
    return scorer.corpus_score([" ".join(c) for c in candidates], streams)


# Task 1 ---------------------------------------------------------------------------------------------------------------


def _matches_by_matching(candidate: Tokens, references: list[Tokens], n: int) -> int:
    """m_n as the size of a matching of the candidate's n-grams with partners.

    There are as many partners of an n-gram as the reference with most of them has.
    """

    def grams(tokens: Tokens) -> list[tuple]:
        return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]

    here = grams(candidate)
    partners = []
    for gram in {g for reference in references for g in grams(reference)}:
        partners += [gram] * max(grams(reference).count(gram) for reference in references)
    if not here or not partners:
        return 0
    edges = csr_array([[a == b for b in partners] for a in here])
    return int((maximum_bipartite_matching(edges, perm_type="column") >= 0).sum())


def clipped_counts(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Counts against sacrebleu's, and against a matching for tokens that are no words."""

    def compare(what: str, candidate: Tokens, references: list[Tokens], order: int, expected: tuple) -> None:
        got = expect_pair("clipped_counts", student.call("clipped_counts", candidate, references, order))
        expect_close(f"{what}: the matches", got[0], expected[0], tol=0)
        expect_close(f"{what}: the n-grams", got[1], expected[1], tol=0)

    def by_library(what: str, candidate: Tokens, references: list[Tokens], order: int) -> None:
        verdict = _library([candidate], [references], order)
        compare(what, candidate, references, order, (verdict.counts, verdict.totals))

    def one() -> None:
        for words, order in (("ab", 4), ("abc", 2), ("abcdefgh", 5), ("ab", 1)):
            for _ in range(4):
                candidate, reference = _sentence(rng, words, 14, 4), _sentence(rng, words, 14, 4)
                by_library(f"one reference, words out of {len(words)}", candidate, [reference], order)

    def several() -> None:
        for k in (2, 3, 4, 4, 4):
            for words in ("ab", "abcd"):
                references = [_sentence(rng, words, 12, 2) for _ in range(k)]
                by_library(f"{k} references", _sentence(rng, words, 14, 4), references, 4)

    def short() -> None:
        for c, k in itertools.product((0, 1, 2, 3), (1, 3)):
            candidate = _sentence(rng, "ab", c, c)
            by_library(f"a candidate of {c}", candidate, [_sentence(rng, "ab", 5) for _ in range(k)], 5)
        by_library("a candidate of 6 and empty references", list("abacab"), [[], []], 4)
        by_library("references that are shorter than n", list("abcabc"), [["a"], ["b", "c"]], 4)

    def other_tokens() -> None:
        def by_matching(what: str, candidate: Tokens, references: list[Tokens]) -> None:
            counts = [_matches_by_matching(candidate, references, n) for n in (1, 2, 3)]
            total = [max(len(candidate) - n, 0) for n in range(3)]
            compare(what, candidate, references, 3, (counts, total))

        alphabets: tuple[list, ...] = (
            ["New", "York", "New York", "York is", "is", ""],
            ["The", "the", "THE"],  # case matters
            [0, 1, 2],
            [True, 7, 2.5],
            [1, "1", 2, "2", 1.0],  # 1 and 1.0 are equal, 1 and "1" are not
        )
        for words in alphabets:
            for _ in range(4):
                candidate, references = _sentence(rng, words, 9), [_sentence(rng, words, 9) for _ in range(2)]
                by_matching(f"tokens such as {words[1]!r} and {words[2]!r}", candidate, references)
        for mark in " |_-,;/\t\n\0":  # whatever somebody joins tokens with
            by_matching(f"tokens with {mark!r} inside", [f"a{mark}b", "c"], [["a", f"b{mark}c"]])

    def untouched() -> None:
        candidate, references = list("abcab"), [list("abcd"), list("cab")]
        after = student.run(
            "pair = clipped_counts(candidate, references, 3)\nresult = [candidate, references, pair]",
            candidate=candidate,
            references=references,
        )
        expect_true("the inputs were changed", after[:2] == [candidate, references])
        verdict = _library([candidate], [references], 3)
        pair = expect_pair("clipped_counts", after[2])
        expect_close("the matches of the untouched inputs", pair[0], verdict.counts, tol=0)
        expect_close("the n-grams of the untouched inputs", pair[1], verdict.totals, tol=0)

    return [
        outcome("one reference", one),
        outcome("several references", several),
        outcome("short and empty sentences", short),
        outcome("tokens with blanks, and numbers", other_tokens),
        outcome("inputs stay as they were", untouched),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def brevity_penalty(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The penalty against sacrebleu's, on sentences made up in the given lengths."""

    def compare(what: str, lengths: list[int], choices: list[list[int]]) -> None:
        candidates = [["w"] * length for length in lengths]
        references = [[["w"] * length for length in row] for row in choices]
        expected = _library(candidates, references, 4).bp
        got = student.call("brevity_penalty", lengths, choices)
        expect_close(f"{what}: candidates {lengths} against {choices}", got, expected, tol=TOLERANCE)

    def one_segment() -> None:
        for c in range(1, 26, 3):
            compare("one segment, one reference", [c], [[12]])
        for _ in range(8):
            compare("one segment", [int(rng.integers(1, 20))], [rng.integers(1, 25, size=3).tolist()])

    def ties() -> None:
        for _ in range(10):
            c, away = int(rng.integers(6, 20)), int(rng.integers(1, 6))
            row = [c + away, c - away, c + away + 3]
            # The last segment is so short that the penalty is below 1, whichever length is taken.
            rest = [3 * away + 5]
            compare("two lengths equally close", [c, c, 1], [row, [c + away], rest])
            compare("two lengths equally close", [c, c, 1], [row[::-1], [c + away, c - away], rest])

    def corpus() -> None:
        for segments in (2, 3, 6, 10):
            for _ in range(4):
                lengths = rng.integers(0, 15, size=segments).tolist()
                choices = [rng.integers(0, 20, size=rng.integers(1, 5)).tolist() for _ in range(segments)]
                compare(f"{segments} segments", lengths, choices)
        compare("a long candidate makes up for a short one", [3, 17], [[10], [10]])
        compare("a long candidate makes up for a part of a short one", [3, 15], [[10], [10]])

    def empty() -> None:
        compare("nothing against something", [0, 0], [[3, 7], [2]])
        compare("nothing against nothing", [0], [[0]])
        compare("nothing against something or nothing", [0, 0], [[5, 0], [0, 1]])
        compare("one of two candidates is empty", [0, 9], [[4], [9, 8]])
        compare("one of two references is empty", [4, 5], [[0], [8]])

    def untouched() -> None:
        lengths, choices = [7, 9], [[9, 5, 8], [12, 10]]
        after = student.run(
            "value = brevity_penalty(lengths, choices)\nresult = [lengths, choices, value]",
            lengths=lengths,
            choices=choices,
        )
        expect_true("the inputs were changed", after[:2] == [lengths, choices])
        expect_close("the penalty of the untouched inputs", after[2], math.exp(1 - 18 / 16), tol=TOLERANCE)

    return [
        outcome("one segment", one_segment),
        outcome("lengths that are equally close", ties),
        outcome("several segments", corpus, weight=2),
        outcome("empty candidates and references", empty),
        outcome("inputs stay as they were", untouched),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------


def _random_rows(rng: np.random.Generator, segments: int, order: int, longest: int = 12) -> np.ndarray:
    """Statistics of random segments, as sacrebleu counts them: (segments, 2·order + 2)."""
    rows = []
    for _ in range(segments):
        words = "ab" if rng.random() < 0.5 else "abc"
        candidate, references = _sentence(rng, words, longest), [_sentence(rng, words, longest) for _ in range(2)]
        verdict = _library([candidate], [references], order)
        rows.append([*verdict.counts, *verdict.totals, verdict.sys_len, verdict.ref_len])
    return np.array(rows)


def _bleu_of(pooled: Sequence, weights: Sequence[float]) -> float:
    """(BLEU.d5) from pooled counts, as a product of powers of exact fractions."""
    order = len(weights)
    c, r = (int(value) for value in pooled[2 * order :])
    if c == 0:
        return 0.0
    score = 1.0 if c >= r else math.exp(1 - Fraction(r, c))
    for m, t, weight in zip(pooled[:order], pooled[order : 2 * order], weights, strict=True):
        if weight > 0:
            score *= float(Fraction(int(m), int(t))) ** weight if m else 0.0
    return score


def corpus_bleu(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Scores against sacrebleu's for equal weights, against exact fractions for others."""

    def uniform() -> None:
        for order in (4, 4, 2, 1):
            for segments in (1, 3, 12):
                rows = _random_rows(rng, segments, order, longest=20)
                pooled = [int(value) for value in rows.sum(axis=0)]
                counts, totals, (c, r) = pooled[:order], pooled[order:-2], pooled[-2:]
                expected = BLEU.compute_bleu(counts, totals, c, r, "none", max_ngram_order=order).score / 100
                for kind in (np.int64, np.float64):
                    got = student.call("corpus_bleu", rows.astype(kind), np.full(order, 1 / order))
                    expect_close(f"{segments} segments, N = {order}, equal weights", got, expected, tol=TOLERANCE)

        rows = _random_rows(rng, 12, 2, longest=20)
        expected = _bleu_of(rows.sum(axis=0), [0.5, 0.5])
        got = student.call("corpus_bleu", 10_000 * rows, np.full(2, 0.5))
        expect_close("a very large corpus, N = 2, equal weights", got, expected, tol=TOLERANCE)

    def weighted() -> None:
        for order in (2, 3, 4, 6):
            for _ in range(4):
                rows = _random_rows(rng, int(rng.integers(4, 9)), order, longest=20)
                weights = rng.dirichlet(np.ones(order))
                got = student.call("corpus_bleu", rows, weights)
                expect_close(
                    f"N = {order}, weights {weights.round(2)}", got, _bleu_of(rows.sum(0), weights), tol=TOLERANCE
                )

    def zeros() -> None:
        for _ in range(6):
            rows = _random_rows(rng, 3, 4, longest=20)
            rows[:, 3] = 0
            for weights in ([0.25, 0.25, 0.25, 0.25], [0.5, 0.3, 0.2, 0.0], [0.0, 0.0, 0.0, 1.0], [0, 1, 0, 0]):
                expected = _bleu_of(rows.sum(axis=0), weights)
                got = student.call("corpus_bleu", rows, np.array(weights, dtype=float))
                expect_close(f"no 4-gram matches, weights {weights}", got, expected, tol=TOLERANCE)
        short = np.array([[2, 1, 0, 0, 2, 1, 0, 0, 2, 2]])
        for weights, expected in (([0.5, 0.5, 0, 0], 1.0), ([0.4, 0.3, 0.3, 0], 0.0)):
            got = student.call("corpus_bleu", short, np.array(weights, dtype=float))
            expect_close(f"a copy of two tokens, weights {weights}", got, expected, tol=TOLERANCE)

    def empty() -> None:
        nothing = np.zeros((2, 10), dtype=np.int64)
        quarter = np.full(4, 0.25)
        expect_close(
            "empty candidates and references", student.call("corpus_bleu", nothing, quarter), 0.0, tol=TOLERANCE
        )
        nothing[:, 9] = 5
        expect_close("empty candidates", student.call("corpus_bleu", nothing, quarter), 0.0, tol=TOLERANCE)
        full = np.array([[8, 7, 6, 5, 8, 7, 6, 5, 8, 8]])
        some = np.vstack([full, nothing])
        got = student.call("corpus_bleu", some, quarter)
        expect_close("two of three candidates are empty", got, math.exp(1 - 18 / 8), tol=TOLERANCE)

    def untouched() -> None:
        rows, weights = _random_rows(rng, 5, 3, longest=20), np.array([0.5, 0.25, 0.25])
        after = student.run(
            "value = corpus_bleu(rows, weights)\nresult = [rows, weights, value]", rows=rows, weights=weights
        )
        expect_true("the inputs were changed", np.array_equal(after[0], rows) and np.array_equal(after[1], weights))
        expect_close("the score of the untouched inputs", after[2], _bleu_of(rows.sum(axis=0), weights), tol=TOLERANCE)

    return [
        outcome("equal weights", uniform),
        outcome("other weights", weighted),
        outcome("orders without a match", zeros),
        outcome("empty candidates", empty),
        outcome("inputs stay as they were", untouched),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------


def add_k_bleu(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Smoothed scores against sacrebleu's."""

    def compare(what: str, row: Sequence[int], order: int, k: float) -> None:
        row = [int(value) for value in row]
        matched, total, (c, r) = row[:order], row[order : 2 * order], row[2 * order :]
        # The library adds k to its lists in place.
        verdict = BLEU.compute_bleu(matched[:], total[:], c, r, "add-k", k, max_ngram_order=order)
        got = student.call("add_k_bleu", matched, total, c, r, k)
        expect_close(
            f"{what}: {matched} of {total}, c = {c}, r = {r}, k = {k:.3g}", got, verdict.score / 100, tol=TOLERANCE
        )

    def one() -> None:
        for order in (4, 4, 2, 6):
            for row in _random_rows(rng, 6, order):
                compare("k = 1", row, order, 1)

    def any_k() -> None:
        for row in _random_rows(rng, 8, 4):
            for k in (0.1, float(rng.uniform(0.01, 3)), 5):
                compare("other k", row, 4, k)

    def unsmoothed() -> None:
        for row in _random_rows(rng, 10, 4):
            compare("no smoothing", row, 4, 0)
        for order in (1, 3):
            for row in _random_rows(rng, 4, order):
                compare("no smoothing", row, order, 0)

    def edges() -> None:
        for k in (0, 1, 2.5):
            compare("no word matches", [0, 0, 0, 0, 7, 6, 5, 4, 7, 7], 4, k)
            compare("no words", [0, 0, 0, 0, 0, 0, 0, 0, 0, 6], 4, k)
            compare("two words", [2, 0, 0, 0, 2, 1, 0, 0, 2, 6], 4, k)
            compare("one word", [1, 0, 0, 0, 1, 0, 0, 0, 1, 1], 4, k)
            compare("single words only", [3, 5, 5, 9], 1, k)

    def untouched() -> None:
        matched, total = [6, 3, 0, 0], [9, 8, 7, 6]
        after = student.run(
            "value = add_k_bleu(matched, total, 9, 10, 1)\nresult = [matched, total, value]",
            matched=matched,
            total=total,
        )
        expect_true("the lists were changed", after[:2] == [matched, total])
        expected = BLEU.compute_bleu(copy.copy(matched), copy.copy(total), 9, 10, "add-k", 1).score / 100
        expect_close("the score of the untouched lists", after[2], expected, tol=TOLERANCE)

    return [
        outcome("k = 1", one),
        outcome("other constants", any_k),
        outcome("k = 0", unsmoothed),
        outcome("no words, or few", edges),
        outcome("inputs stay as they were", untouched),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------


def chrf(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """chrF against sacrebleu's."""

    def compare(what: str, candidate: str, reference: str, order: int = 6, beta: float = 2.0, default=False) -> None:
        expected = CHRF(char_order=order, beta=beta).sentence_score(candidate, [reference]).score / 100
        arguments = {} if default else {"max_n": order, "beta": beta}
        got = student.call("chrf", candidate, reference, **arguments)
        expect_close(
            f"{what}: {candidate!r} and {reference!r}, N = {order}, beta = {beta:g}", got, expected, tol=TOLERANCE
        )

    def text(letters: str, longest: int, shortest: int = 0) -> str:
        return "".join(_sentence(rng, letters, longest, shortest))

    def usual() -> None:
        for letters in ("ab", "abc ", "abcdefg "):
            for _ in range(6):
                compare("random strings", "a" + text(letters, 25, 8), text(letters, 25, 8) + "b", default=True)
        compare("sentences", "the cat is on the mat.", "The cats sat on the mat!", default=True)

    def parameters() -> None:
        for order in (1, 2, 4, 8):
            for beta in (0.5, 1.0, 3.0):
                compare("other parameters", text("abc ", 20, 9), text("abc ", 24, 9), order, beta)

    def short() -> None:
        for c, r in itertools.product((1, 2, 3, 5), (1, 2, 4, 12)):
            compare("short strings", text("ab", c, c), text("ab", r, r), default=True)

    def nothing() -> None:
        for candidate, reference in (("", "abc"), ("abc", ""), ("", ""), (" \n", "abc"), ("abc", "xyz"), ("a", " ")):
            compare("nothing in common", candidate, reference, default=True)
        compare("a string with itself", "abc abd", "abc abd", default=True)  # what always gives 0 is not right by that

    def white_space_and_case() -> None:
        for gap in (" ", "\t", "\n", "  ", "\xa0", "\u202f", "\u3000"):
            compare("white space", f"aa{gap}b{gap}{gap}ab", "a aba b", default=True)
        compare("upper and lower case", "Aa Bb aA", "aa bb AA", default=True)
        compare("letters with marks", "März, über, élève", "Marz über eleve", default=True)
        compare("other scripts", "你好世界", "你好 世間", default=True)

    return [
        outcome("random strings", usual),
        outcome("other lengths and other beta", parameters),
        outcome("strings shorter than the runs", short),
        outcome("nothing in common", nothing),
        outcome("white space, case, other letters", white_space_and_case),
    ]


# Task 6 ---------------------------------------------------------------------------------------------------------------


def paired_bootstrap(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Both scores of every resample by exact fractions, one after the other."""
    quarter = [0.25] * 4
    falling = list(itertools.combinations(range(12, 0, -1), 4))
    same_product = [
        (one, other) for one, other in itertools.combinations(falling, 2) if math.prod(one) == math.prod(other)
    ]

    def score(rows: np.ndarray) -> float:
        return _bleu_of(rows.sum(axis=0), quarter)

    def system(size: int, skill: np.ndarray, lengths: np.ndarray, references: np.ndarray) -> np.ndarray:
        """Rows of a system that gets each word of segment i right with probability skill[i]."""
        rows = []
        for i in range(size):
            total = np.maximum(lengths[i] - np.arange(4), 0)
            matched = rng.binomial(total, skill[i] ** np.arange(1, 5))
            rows.append([*matched, *total, lengths[i], references[i]])
        return np.array(rows)

    def pair(size: int, better: float, shorter: int = 0) -> tuple[np.ndarray, np.ndarray]:
        hard, references = rng.beta(6, 2, size), rng.integers(5, 20, size)
        lengths = np.maximum(references - rng.integers(0, 2 + shorter, size), 1)
        first = system(size, np.clip(hard + better, 0, 1), lengths, references)
        return first, system(size, hard, references, references)

    def compare(what: str, a: np.ndarray, b: np.ndarray, picks: np.ndarray) -> None:
        wins = 0.0
        for row in picks:
            gap = score(a[row]) - score(b[row])
            wins += 0.5 if abs(gap) < 1e-6 else float(gap > 0)
        got = expect_pair("paired_bootstrap", student.call("paired_bootstrap", a, b, picks))
        expect_close(f"{what}: the difference", got[0], score(a) - score(b), tol=TOLERANCE)
        expect_close(f"{what}: the share of wins", got[1], wins / len(picks), tol=TOLERANCE)

    def usual() -> None:
        for size, better in ((20, 0.05), (30, 0.0), (12, -0.05), (50, 0.02)):
            a, b = pair(size, better)
            compare(f"{size} segments", a, b, rng.integers(size, size=(60, size)))

    def hard_and_easy() -> None:
        """Segments of very different length, where pooling and averaging disagree, and short candidates."""
        for size in (8, 25):
            a, b = pair(size, 0.1, shorter=4)
            long = rng.random(size) < 0.3
            a[long] *= 7
            b[long] *= 7
            compare("segments of very different length", a, b, rng.integers(size, size=(60, size)))

    def ties() -> None:
        a, b = pair(10, 0.05)
        b[:7] = a[:7]
        picks = rng.integers(10, size=(40, 10))
        picks[:20] = rng.integers(7, size=(20, 10))
        compare("resamples in which both are alike", a, b, picks)
        compare("a system against itself", a, a.copy(), picks)
        # Other counts with the same product: scores that are equal but for rounding.
        c, some = 14, rng.permutation(len(same_product))[:40]
        total = [c - n for n in range(4)]
        for one, other in (same_product[i] for i in some):
            a, b = (np.array([[*matched, *total, c, c]] * 3) for matched in (one, other))
            compare("equal scores from other counts", a, b, np.array([[0, 1, 2], [2, 2, 1]]))

    def zeros() -> None:
        a, b = pair(6, 0.0)
        a[::2, 3] = b[1::2, 2:4] = 0
        a[1, :8] = 0
        a[1, 8] = 0
        compare("segments without a match, and an empty one", a, b, rng.integers(6, size=(60, 6)))
        nothing = np.zeros((2, 10), dtype=np.int64)
        nothing[:, 9] = 4
        full = np.array([[4, 3, 2, 1, 4, 3, 2, 1, 4, 4]] * 2)
        compare("nothing against a perfect copy", nothing, full, np.array([[0, 1], [1, 1]]))

    def other_sizes() -> None:
        a, b = pair(9, 0.05)
        compare("one resample", a, b, rng.integers(9, size=(1, 9)))
        compare("one segment", a[:1], b[:1], np.zeros((5, 1), dtype=np.int64))

    def untouched() -> None:
        a, b = pair(7, 0.05)
        picks = rng.integers(7, size=(8, 7))
        after = student.run("pair = paired_bootstrap(a, b, picks)\nresult = [a, b, picks, pair]", a=a, b=b, picks=picks)
        same = [np.array_equal(left, right) for left, right in zip(after[:3], (a, b, picks), strict=True)]
        expect_true("the inputs were changed", all(same))
        difference = expect_pair("paired_bootstrap", after[3])[0]
        expect_close("the difference of the untouched inputs", difference, score(a) - score(b), tol=TOLERANCE)

    return [
        outcome("random systems", usual),
        outcome("long and short segments", hard_and_easy),
        outcome("resamples that end in a tie", ties),
        outcome("segments without a match", zeros),
        outcome("one resample, one segment", other_sizes),
        outcome("inputs stay as they were", untouched),
    ]
