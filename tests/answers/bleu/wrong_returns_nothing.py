"""The values are printed and not returned."""


def clipped_counts(candidate, references, max_n):
    print([0] * max_n, [0] * max_n)


def brevity_penalty(candidate_lengths, reference_lengths):
    print(1.0)


def corpus_bleu(statistics, weights):
    print(0.0)


def add_k_bleu(matched, total, c, r, k):
    print(0.0)


def chrf(candidate, reference, max_n=6, beta=2.0):
    print(0.0)


def paired_bootstrap(statistics_a, statistics_b, picks):
    print(0.0, 0.5)
