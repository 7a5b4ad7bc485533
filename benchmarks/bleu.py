"""Corpus BLEU of the chapter beside sacrebleu and NLTK, on the same tokens.

python benchmarks/bleu.py [--segments 1000] [--repeats 7]

All three get tokenised text, no smoothing, and must agree to 1e-9 before a clock starts. sacrebleu splits its strings
at blanks, the other two get lists of tokens. They run in turn, repeat by repeat, in one process; the time is that of
the processor, so that other programs disturb less. The chapter's functions are read from the notebook.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from nltk.translate.bleu_score import corpus_bleu as nltk_corpus_bleu
from notebook_code import code_cells, expect_names, run_definitions
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from coursekit import data, run

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "sequences" / "bleu.ipynb"
NAMES = {
    *("ngrams", "ngram_counts", "clipped_matches", "brevity_penalty", "closest_length"),
    *("statistics", "corpus_statistics", "bleu", "corpus_bleu"),
}


def chapter_functions() -> dict:
    """The chapter's imports and the definitions in NAMES."""
    namespace = run_definitions(CHAPTER, code_cells(CHAPTER), NAMES)
    expect_names(NAMES, namespace)
    return namespace


def corpus(segments: int, references: int) -> tuple[list[list[str]], list[list[list[str]]]]:
    """English candidates in one phrasing, with synonyms, and references in others."""
    tokenizer = Tokenizer13a()
    facts = data.dated_facts(segments, generator=run.seed(0))

    def tokens(phrasing: int, synonyms: bool = False) -> list[list[str]]:
        sentences = data.dated_sentences(facts, phrasing=phrasing, synonyms=synonyms)
        return [tokenizer(sentence).split() for sentence in sentences]

    streams = [tokens(phrasing) for phrasing in range(references)]
    return tokens(data.PHRASINGS - 1, synonyms=True), [list(group) for group in zip(*streams, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--segments", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    chapter_bleu = chapter_functions()["corpus_bleu"]
    scorer = BLEU(tokenize="none", smooth_method="none", force=True)
    for count in (1, 4):
        candidates, references = corpus(arguments.segments, count)
        texts = [" ".join(c) for c in candidates]
        streams = [[" ".join(r) for r in stream] for stream in zip(*references, strict=True)]
        sides = {
            "chapter": lambda c=candidates, r=references: chapter_bleu(c, r),
            "sacrebleu": lambda t=texts, s=streams: scorer.corpus_score(t, s).score / 100,
            "nltk": lambda c=candidates, r=references: nltk_corpus_bleu(r, c),
        }
        scores = {name: side() for name, side in sides.items()}
        if max(scores.values()) - min(scores.values()) > 1e-9:
            sys.exit(f"error: expected the same score from all three, got {scores}")
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(arguments.repeats):
            for name, side in sides.items():
                start = time.process_time()
                side()
                seconds[name].append(time.process_time() - start)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        print(f"{arguments.segments} segments, {count} reference(s) each, BLEU {scores['chapter']:.4f}:")
        for name, median in medians.items():
            ratio = "" if name == "chapter" else f"   chapter / {name}: {medians['chapter'] / median:.2f}"
            print(f"  {name:10} median {1000 * median:6.1f} ms{ratio}")


if __name__ == "__main__":
    main()
