"""`--space char_rnn` from a text file to written text: real Ray, real training, small."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from analysis import load
from analysis.__main__ import main
from tests.benchmarks.sample_text import longest_copy, words
from tests.conftest import Refused
from tests.tuning.test_search import ROOT, read, search, states
from trainables.char_rnn import TASK, Config
from trainables.data.request import DataRequest
from trainables.parts.characters import nats_of_each
from trainables.trainer import load_tensors
from tuning.begun import alone
from tuning.experiment import Experiment
from tuning.ownership import begin_run
from tuning.trial_run import TrialRun, TrialSettings

SMALL = ["embedding=8", "hidden_size=16", "batch_size=8", "window=16", "layers=1"]
OPTIONS = [o for setting in SMALL for o in ("--set", setting)]
OPTIONS += ["--concurrency", "1"]  # a worker less to start


class Printed(NamedTuple):
    """What a command wrote."""

    stdout: str
    stderr: str


def analysis(*arguments: object, code: int = 0) -> Printed:
    """Run a command of `python -m analysis` here; returns what it printed."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        ended = main([str(argument) for argument in arguments])
    printed = Printed(*(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]
    assert ended == code, printed
    return printed


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Words that a random walk puts together: there is something to learn, and not all."""
    words = ["the cat ", "a dog\n", "sat on ", "ran to ", "the mat. ", "my ünit\n"]
    drawn = np.random.default_rng(0).integers(0, len(words), 1_500)
    file = tmp_path_factory.mktemp("text") / "words.txt"
    file.write_text("".join(words[n] for n in drawn) + "£€" * 20, "utf-8")
    return file


@pytest.fixture(scope="module")
def found(text: Path) -> tuple[Experiment, str]:
    options = ["--space", "char_rnn", "--data-dir", str(text), *OPTIONS]
    return search(
        text.parent, "words", *options, "--trials", "4", "--max-epochs", "2", "--finalists", "0"
    )


def test_every_cell_and_setting_can_be_searched(found: tuple[Experiment, str]) -> None:
    experiment, screen = found
    assert set(states(experiment)) <= {"COMPLETE", "PRUNED"} and len(states(experiment)) == 4
    results = load(experiment.root)
    assert {"config/cell", "config/tied", "config/clip"} <= set(results.trials.columns)
    assert results.leaderboard["score"].is_monotonic_increasing  # the least nats first
    assert (
        results.epochs["val_nats"].notna().all()
        and results.epochs["sample"].str.len().eq(200).all()
    )
    assert "own: " in screen and "generate words --prompt" in screen


def test_best_baseline_and_5_gram_stand_side_by_side(
    found: tuple[Experiment, str], text: Path
) -> None:
    experiment, screen = found
    metrics = read(experiment.best / "metrics.json")
    splits = TASK.load(DataRequest(directory=text))
    config = read(experiment.best / "config.json")
    network = TASK.network(Config(**config["parameters"]), splits.meta)
    network.load_state_dict(load_tensors(experiment.best / "model.pt"))
    for part in ("val", "test"):
        nats = nats_of_each(network.eval(), getattr(splits, part), splits.meta, "cpu").mean()
        assert metrics[part]["nats"] == pytest.approx(float(nats), rel=1e-5)
        assert metrics["references"]["5-gram"][part]["nats"] > 0
        assert metrics["baseline"][part]["bits"] > 0
    assert metrics["val"]["count"] == len(splits.val)
    (opening,) = experiment.test_openings.read_text().splitlines()
    assert "5-gram" in opening
    for shown in (screen, analysis("show", experiment.root).stdout):
        assert "5-gram" in shown and "val perplexity" in shown and "test nats" in shown


def test_a_sample_of_every_epoch_is_in_tensorboard(found: tuple[Experiment, str]) -> None:
    experiment, _ = found
    for directory in experiment.trials():
        events = EventAccumulator(str(directory.root)).Reload()
        shown = events.Tensors("training/sample")
        lines = directory.read_results()
        assert [event.step for event in shown] == [line["epoch"] for line in lines]
        written = shown[0].tensor_proto.string_val[0].decode()
        assert written == "\n".join(f"    {row}" for row in lines[0]["sample"].split("\n"))
        metadata = events.SummaryMetadata("training/sample")
        assert metadata.plugin_data.plugin_name == "text"


def test_the_same_seed_writes_the_same_text(found: tuple[Experiment, str]) -> None:
    experiment, _ = found
    order = ("generate", experiment.root, "--prompt", "the c", "--length", 80)
    first, again, other = (analysis(*order, "--seed", seed).stdout for seed in (1, 1, 2))
    assert first == again != other
    assert first.startswith("the c") and len(first) == 5 + 80 + 1
    greedy = {analysis(*order, "--temperature", 0, "--seed", seed).stdout for seed in (1, 2)}
    assert (
        greedy == {analysis(*order, "--top-k", 1).stdout} == {analysis(*order, "--beam", 1).stdout}
    )
    assert len(analysis(*order, "--beam", 4).stdout) == 86


def test_text_is_written_while_it_is_made(found: tuple[Experiment, str]) -> None:
    endless = [str(found[0].root), "--prompt", "the c", "--length", "1000000000"]
    run = [sys.executable, "-m", "analysis", "generate", *endless]
    with subprocess.Popen(run, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        start = process.stdout.read(30)
        assert process.poll() is None
        process.kill()
    assert start.startswith(b"the c")


def test_a_trial_replays_to_the_last_bit(found: tuple[Experiment, str]) -> None:
    stopped = [d.id for d in found[0].trials() if d.read_status().state == "PRUNED"]
    for trial in ("t0000", *stopped[:1]):
        said = analysis("replay", found[0].root, trial).stdout
        assert said.endswith(f"{trial}: every epoch is the same to the last bit\n")


def test_unknown_characters_in_a_prompt_are_said(found: tuple[Experiment, str]) -> None:
    done = analysis("generate", found[0].root, "--prompt", "Zoë £ the", "--length", 5)
    assert done.stderr == "The model does not know: 'Z' 'ë' '£'\n"
    assert done.stdout.startswith("Zoë £ the") and len(done.stdout) == 9 + 5 + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--temperature", "-1"], "--temperature -1: must be 0 or more"),
        (["--top-p", "0"], "--top-p 0: must be above 0, and 1 at most"),
        (["--top-p", "1.5"], "--top-p 1.5"),
        (["--top-k", "-3"], "--top-k -3"),
        (["--beam", "3", "--top-k", "3"], "--beam 3: draws nothing, so --top-k"),
        (["--beam", "3", "--temperature", "1"], "--beam 3: draws nothing, so --temperature"),
        (["--beam", "0"], "--beam 0: must be a whole number of 1 or more"),
        (["--length", "0"], "--length 0"),
        (["--seed", "-1"], "--seed -1"),
    ],
)
def test_nonsense_is_refused_in_one_line(
    found: tuple[Experiment, str],
    options: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["generate", str(found[0].root), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and message in printed.err


def test_other_commands_say_that_the_model_is_of_text(
    found: tuple[Experiment, str], text: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(found[0].root)
    for command in (["predict", root, str(text)], ["forecast", root, "--input", str(text)]):
        assert main(command) == 2
        error = capsys.readouterr().err
        assert f"{command[0]}: not for char_rnn, whose model is of characters" in error


def test_a_resumed_search_goes_on_with_the_same_text(
    found: tuple[Experiment, str], text: Path
) -> None:
    experiment, _ = found
    more = ["--resume", "words", "--trials", "+1", "--storage", str(text.parent)]
    run = [sys.executable, str(ROOT / "run_search.py"), *more]
    done = subprocess.run(run, cwd=text.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(states(experiment)) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a" * 300 + b"\xff", "no UTF-8 text: byte 0xff at offset 300"),
    ],
)
def test_what_is_no_text_stops_before_any_trial(
    tmp_path: Path, content: bytes, message: str, refused: Refused
) -> None:
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    place = ["--storage", str(tmp_path), "--name", "bad"]
    error = refused("--space", "char_rnn", "--data-dir", str(file), *place)
    assert error.startswith("run_search: error: ") and message in error
    assert not (tmp_path / "bad").exists()


def test_on_the_stand_in_a_search_beats_the_baseline(tmp_path: Path) -> None:
    faster = {"lr": 0.01, "schedule": "one_cycle", "dropout": 0.0, "window": 50, "batch_size": 50}
    (tmp_path / "faster.json").write_text(json.dumps([{**faster, "cell": "gru"}]))
    options = ["--space", "char_rnn", "--data", "embedded", "--trials", "2", "--max-epochs", "1"]
    options += ["--finalists", "0", "--concurrency", "1"]
    first = ["--set", "hidden_size=64", "--enqueue", str(tmp_path / "faster.json")]
    experiment, screen = search(tmp_path, "help", *options, *first)
    metrics = read(experiment.best / "metrics.json")
    assert metrics["val"]["nats"] < metrics["baseline"]["val"]["nats"]
    assert "stand-in: Python's own help texts" in screen and "scores say nothing" in screen


def test_the_check_of_a_sample_counts_words_and_copies() -> None:
    said = "The King's ho is-a lion, not_a 7th LION cut"
    assert words(said) == ["the", "king", "lion", "not", "lion"]
    assert longest_copy("xx the lion yy", "all the lions") == len(" the lion")
    assert longest_copy("abc", "abc") == 3 and longest_copy("abc", "x") == 0


def test_an_interrupted_trial_goes_on_bit_for_bit(text: Path, tmp_path: Path) -> None:
    splits = TASK.load(DataRequest(directory=text)).closed()
    small: dict[str, Any] = dict(embedding=8, hidden_size=16, batch_size=8, window=16, dropout=0.2)

    def begun(root: Path) -> TrialRun:
        run = begin_run(Experiment(root))
        settings = TrialSettings(root, run, "val_nats", "min", None, 1, "cpu")
        return TrialRun(TASK, "t0000", alone(5, {**small, "epochs": 3}), splits, settings, False)

    for folder in ("whole", "cut"):
        (tmp_path / folder).mkdir()
    whole = begun(tmp_path / "whole")
    straight = [whole.run_epoch() for _ in range(3)]
    begun(tmp_path / "cut").run_epoch()
    rest = begun(tmp_path / "cut")
    resumed = [rest.run_epoch() for _ in range(2)]
    for one, other in zip(straight[1:], resumed, strict=True):
        assert {n: one[n] for n in ("val_nats", "train_nats", "grad_norm", "sample")} == {
            n: other[n] for n in ("val_nats", "train_nats", "grad_norm", "sample")
        }
