"""The page: text escaped, data and scripts inside, and nothing that may load from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.figures import Figure

_HERE = Path(__file__).parent
_HIDDEN = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render(facts: dict[str, Any], figures: list[Figure], **content: Any) -> str:
    """The whole page.

    Args:
        facts: what a program reads of it, the JSON under `id="facts"`.
        content: what `page.html` shows.
    """
    panels = (_HERE.parent / "figures" / "panels.js").read_text("utf-8")
    scripts = [get_plotlyjs(), panels, _read("report.js")]
    if any("</script" in script.lower() or "<!--" in script for script in scripts):
        raise ValueError("a script would end before its end: it holds </script or <!--")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = in_page
    return environment.get_template("page.html").render(
        **content,
        facts=facts,
        figures={figure.name: figure for figure in figures},
        plots={f.name: Markup(_hidden(f.plot.to_json())) for f in figures if f.is_drawn},
        scripts=[Markup(script) for script in scripts],
        style=Markup(_read("style.css")),
        policy=policy(scripts),
    )


def in_page(value: Any) -> Markup:
    """JSON that an HTML parser takes for nothing else, whatever texts are in it."""
    return Markup(_hidden(json.dumps(value, ensure_ascii=False, allow_nan=False)))


def policy(scripts: list[str]) -> str:
    """A Content-Security-Policy that runs these scripts alone and loads nothing.

    Scripts are named by their SHA-256, so that none that text could smuggle in would run, as an
    attribute's neither. Plotly sets styles.
    """
    names = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {names}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _hidden(text: str) -> str:
    """JSON text without what could end a script element; only its strings can hold such."""
    for character, escape in _HIDDEN.items():
        text = text.replace(character, escape)
    return text


def _read(name: str) -> str:
    return (_HERE / name).read_text("utf-8")
