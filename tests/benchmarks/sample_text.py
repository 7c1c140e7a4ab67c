"""Does a model of characters write words, and its own? A sample of it against its training text.

    python tests/benchmarks/sample_text.py EXPERIMENT --text FILE [--length 500] [--seed 0]

Prints what `python -m analysis generate` writes at temperature 0.8, the share of its words of three
letters and more that occur in the training text, and the longest run of characters that it shares
with it. Exit code 1 where fewer than 85 % do, or a run of 50 is copied.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from trainables.data.request import DataRequest
from trainables.data.text import load_text
from trainables.files import read_json
from tuning.experiment import METRICS, TRAIN_AND_VAL, Experiment

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "\n"
WORDS, COPIED = 0.85, 50  # what is asked of a sample


def words(text: str) -> list[str]:
    """Words of three letters and more, in small letters; the cut one at the end is left out."""
    return [w.lower() for w in re.findall(r"[^\W\d_]{3,}", text.rsplit(maxsplit=1)[0])]


def longest_copy(sample: str, text: str) -> int:
    """Length of the longest run of characters of the sample that is in the text."""
    longest = 0
    for start in range(len(sample)):
        while sample[start : start + longest + 1] in text and start + longest < len(sample):
            longest += 1
    return longest


def main() -> int:
    """Print a sample and what it is made of; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment")
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--length", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    splits = load_text(DataRequest(directory=options.text))
    metrics = Experiment.find(options.experiment, Path("results")).best / METRICS
    if read_json(metrics)["trained_on"] == TRAIN_AND_VAL:
        splits = splits.all_for_training()
    train = "".join(map(splits.meta.decode, splits.train.symbols[1:]))
    order = ["--length", str(options.length), "--seed", str(options.seed), "--temperature", "0.8"]
    generate = ["-m", "analysis", "generate", options.experiment, "--prompt", PROMPT, *order]
    run = [sys.executable, *generate]
    written = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    sample = written.removeprefix(PROMPT).removesuffix("\n")
    known, made = set(words(train)), words(sample)
    share = sum(word in known for word in made) / max(1, len(made))
    copied = longest_copy(sample, train)
    print(sample)
    print(f"\n{share:.1%} of {len(made)} words are in the training text; longest copy: {copied}")
    return 0 if share >= WORDS and copied < COPIED else 1


if __name__ == "__main__":
    sys.exit(main())
