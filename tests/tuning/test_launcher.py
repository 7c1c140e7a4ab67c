"""README's file for Ray's cluster launcher is one that Ray itself accepts, whole."""

from __future__ import annotations

import re
import shlex

import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.tuning.test_search import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_ray_accepts_the_file_and_all_machines_in_it() -> None:
    given = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0])
    config = prepare_config(given)
    validate_config(config)
    (kind,) = config["available_node_types"].values()
    assert kind["min_workers"] == kind["max_workers"] == 2
    assert config["max_workers"] == len(config["provider"]["worker_ips"])
    install = next(c for c in config["setup_commands"] if "pip install" in c)
    options = shlex.split(install)
    constraints, package = options[options.index("-c") + 1], options[options.index("-e") + 1]
    assert (ROOT / constraints.removeprefix(package).lstrip("/")).is_file()
    for commands in (config["head_start_ray_commands"], config["worker_start_ray_commands"]):
        assert [command.split()[:2] for command in commands] == [["ray", "stop"], ["ray", "start"]]
