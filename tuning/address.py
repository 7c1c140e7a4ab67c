"""Does a Ray cluster answer at an address, and what does it have? No Ray in this process for it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

from trainables.errors import BadInput

ANSWERS_WITHIN = 10.0  # seconds a cluster has to let a driver in
_ASK = """
import json, sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="fatal")
nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
print(json.dumps([[node.get("CPU", 0), node.get("GPU", 0)] for node in nodes]))
"""
_TOKEN_HINT = (
    "the cluster wants its token: set RAY_AUTH_MODE=token, and put the token into RAY_AUTH_TOKEN "
    "or ~/.ray/auth_token"
)


def cluster_resources(address: str) -> list[tuple[float, float]]:
    """CPUs and GPUs of each node of the cluster at an address, `HOST:PORT` or `auto`.

    Asked in a process of its own: Ray may try for ever where what answers is no cluster.

    Raises:
        BadInput: not such an address, nothing answers there in time, or nobody is let in.
    """
    if address != "auto":
        _check_something_answers(address)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK, address],
            check=True,
            capture_output=True,
            timeout=ANSWERS_WITHIN,
        )
    except subprocess.TimeoutExpired as error:  # Ray tries again where it is not let in
        late = f"no Ray cluster answers there within {ANSWERS_WITHIN:g} s"
        refused = _wants_token(error.stderr)
        raise BadInput(f"--address {address}: {_TOKEN_HINT if refused else late}") from None
    except subprocess.CalledProcessError as error:
        raise BadInput(f"--address {address}: {_reason(error.stderr)}") from None
    return [(float(cpus), float(gpus)) for cpus, gpus in json.loads(done.stdout.splitlines()[-1])]


def _check_something_answers(address: str) -> None:
    if address.startswith("ray://"):
        raise BadInput(
            f"--address {address}: a search cannot run through Ray Client; start it on a machine "
            "of the cluster, with --address auto"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise BadInput(f"--address {address}: must be HOST:PORT, auto, or local for this machine")
    try:
        socket.create_connection((host, int(port)), timeout=5.0).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise BadInput(f"--address {address}: no Ray cluster answers there ({error})") from error


def _reason(printed: bytes) -> str:
    if _wants_token(printed):
        return _TOKEN_HINT
    text = printed.decode(errors="replace").strip() or "no reason given"
    error = text.splitlines()[-1]
    if "Version mismatch" in text:  # it runs over several lines
        error = " ".join(text[text.rindex("Version mismatch") :].split())
    return f"no Ray cluster there ({error})"


def _wants_token(printed: bytes | None) -> bool:
    return b"InvalidAuthToken" in (printed or b"")
