"""How long does the same search take elsewhere? Ours against plain Ray Tune, Optuna and Syne Tune.

    python tests/benchmarks/versus.py --data-dir CIFAR_TREE [--syne-python PATH] [--repeats N]

CIFAR_TREE is a picture tree, `train/<class>/*` and `test/<class>/*`. Every contender trains the
same configurations of the textbook's Net on the same pictures, none stopped, none augmented, two
at a time with a thread each, and is timed as a whole process from a fresh interpreter to its end;
their order rotates from repeat to repeat. `rivals/` holds what each of them runs:

- ours: `run_search.py`, to its last step: export, proof in a fresh process, test;
- ray: a function trainable, a checkpoint an epoch, default loggers and actors;
- optuna: two processes of one script on a journal, a checkpoint an epoch;
- syne: Syne Tune's local backend, a checkpoint an epoch (`--syne-python`: an interpreter that has
  it; it is no dependency of ours);
- bare: no tool, tensors in memory: about the least that fp32 training takes here.

The rivals read pictures as torchvision's CIFAR10 does, through PIL by a DataLoader, from arrays
decoded beforehand, which favours them: no user of theirs starts from so much. Ours starts from its
cache; what filling it cost, once, stands on a line of its own. All normalise alike. Each
contender's trainings are counted from its files: every configuration, every epoch, exactly once.
Nothing else should run on the machine meanwhile: see the load on the first line.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
RIVALS = Path(__file__).resolve().parent / "rivals"
NAMES = ("ours", "ray", "optuna", "syne", "bare")
MARK = "VERSUS_RUN"  # in the environment of all that a contender starts


@dataclass(frozen=True)
class Run:
    """One contender's process: its seconds, and the mean accuracy its trainings ended at."""

    seconds: float
    accuracy: float


def command(name: str, work: Path, out: Path, options: argparse.Namespace) -> list[str]:
    """What a contender's user types."""
    if name != "ours":
        script = "bare.py" if name == "bare" else f"plain_{name}.py"
        python = options.syne_python if name == "syne" else sys.executable
        sleep = [str(options.syne_sleep)] if name == "syne" and options.syne_sleep else []
        return [python, str(RIVALS / script), str(work), str(out), *sleep]
    return [
        *(sys.executable, str(ROOT / "run_search.py"), "--space", str(RIVALS / "ours.py")),
        *("--trials", str(options.configurations), "--max-epochs", str(options.epochs)),
        *("--enqueue", str(work / "others.json"), "--scheduler", "none", "--concurrency", "2"),
        *("--data-dir", str(work / "tree"), "--storage", str(out), "--name", "ours", "--quiet"),
    ]


def run(name: str, work: Path, options: argparse.Namespace) -> Run:
    """Run one contender, alone, and check what it did."""
    out = Path(tempfile.mkdtemp(dir=work))
    mark = uuid.uuid4().hex
    environment = _environment(work) | {MARK: mark, "SYNETUNE_FOLDER": str(out / "syne")}
    line = command(name, work, out, options)
    with (out / "log.txt").open("w") as log:
        start = time.perf_counter()
        try:
            done = subprocess.run(line, cwd=out, env=environment, stdout=log, stderr=log)
            seconds = time.perf_counter() - start
        finally:
            _sweep(mark)
    if done.returncode:
        sys.exit(f"{(out / 'log.txt').read_text()[-4000:]}\n{name}: exit code {done.returncode}")
    return Run(seconds, float(_script("count.py", name, work, out, work=work)))


def _script(script: str, *arguments: object, work: Path) -> str:
    """What one of our own scripts prints; it says itself what is wrong."""
    line = [sys.executable, str(RIVALS / script), *map(str, arguments)]
    done = subprocess.run(line, env=_environment(work), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def _environment(work: Path) -> dict[str, str]:
    """A cache of its own, no report of use, and `tests` and our packages importable."""
    ours = {"XDG_CACHE_HOME": str(work / "cache"), "RAY_USAGE_STATS_ENABLED": "0"}
    return {**os.environ, **ours, "PYTHONPATH": str(ROOT)}


def _sweep(mark: str) -> None:
    """End what a contender left running, so that the next one is alone; outside its time."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                left.append(process)
        except psutil.Error:
            continue  # ended meanwhile, or somebody else's
    for process in psutil.wait_procs(left, timeout=15)[1]:
        print(f"  still running, killed: {process}")
        process.kill()
    psutil.wait_procs(left, timeout=15)


def _has_syne(python: str) -> bool:
    probe = [python, "-c", "import syne_tune, torch"]
    try:
        return subprocess.run(probe, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _hardware() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{model or platform.processor() or platform.machine()}, {psutil.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.platform()}, "
        f"Python {platform.python_version()}; load before the start {load}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(NAMES))
    # Absolute, as contenders run elsewhere; a link stays one, else it leads out of its venv.
    parser.add_argument("--syne-python", type=os.path.abspath, default=sys.executable)
    parser.add_argument("--syne-sleep", type=float, help="seconds between its looks (its own: 5)")
    for name, default in (("configurations", 16), ("epochs", 4), ("train", 10_000), ("val", 2_500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    if unknown := set(options.only) - set(NAMES):
        parser.error(f"--only {', '.join(unknown)}: must be of {', '.join(NAMES)}")
    if options.configurations < 2:
        parser.error("--configurations: the baseline and at least one more, so 2 or more")
    return options


def main() -> None:
    """Run all contenders in turns, and print the table."""
    options = _options()
    print(_hardware())
    names = [name for name in NAMES if name in options.only]
    if "syne" in names and not _has_syne(options.syne_python):
        print(f"!! syne LEFT OUT: {options.syne_python} cannot import it; see --syne-python")
        names.remove("syne")
    if not names:
        sys.exit("no contender is left")
    with tempfile.TemporaryDirectory(prefix="versus-") as folder:
        work = Path(folder, "work")
        sizes = [options.train, options.val, options.configurations, options.epochs]
        _script("make_work.py", options.data_dir, work, *sizes, work=work)
        if "ours" in names:
            decoded = float(_script("fill_cache.py", work / "tree", work=work))
            print(f"ours decoded its pictures in {decoded:.1f} s, in no time below", flush=True)
        runs: dict[str, list[Run]] = {name: [] for name in names}
        for repeat in range(options.repeats):
            for name in names:
                runs[name].append(run(name, work, options))
                seconds = runs[name][-1].seconds
                print(f"  repeat {repeat + 1}  {name:7} {seconds:7.1f} s", flush=True)
            names.append(names.pop(0))  # the next repeat begins with another one
    _table(runs, options)


def _table(runs: dict[str, list[Run]], options: argparse.Namespace) -> None:
    print(
        f"{options.configurations} configurations x {options.epochs} epochs of {options.train:,} + "
        f"{options.val:,} pictures, 2 at a time, median of {options.repeats}"
    )
    medians = {n: statistics.median(each.seconds for each in done) for n, done in runs.items()}
    for name, done in runs.items():
        seconds = [each.seconds for each in done]
        line = f"{name:7} {medians[name]:7.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"
        line += f"  {medians[name] / options.configurations / options.epochs:.2f} s an epoch"
        line += f"  mean final val accuracy {statistics.mean(r.accuracy for r in done):.4f}"
        if name != "ours" and "ours" in medians:
            line += f"  ours is {medians[name] / medians['ours']:.2f} x as fast"
        print(line)


if __name__ == "__main__":
    main()
