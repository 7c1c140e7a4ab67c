"""The page in a real browser: it loads nothing, runs only its own, and does what it should."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.report import Record, report
from tests.browser import Browser, chromium
from trainables.files import read_json, write_json
from tuning.experiment import CONFIG, METRICS, Experiment

EVIL = "<img src=x onerror=alert(1)>"
ENDS = "</script><script>alert(2)</script>"
TRAP = "window.alert = () => { window.ran = true; }"
DRAWN = "[...document.querySelectorAll('.canvas')].every(c => c.querySelector('.main-svg'))"


@pytest.fixture(scope="module")
def hostile(finished: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A finished experiment whose names, classes, causes and notes try to be code."""
    root = tmp_path_factory.mktemp("hostile") / EVIL
    shutil.copytree(finished.root, root)
    experiment = Experiment(root)
    plan = read_json(experiment.plan)
    plan["data"]["provenance"] |= {"name": ENDS, "note": EVIL}
    plan["settings"] = [EVIL, ENDS]
    classes = [EVIL, ENDS, *plan["data"]["meta"]["classes"][2:]]
    plan["data"]["meta"]["classes"] = classes
    space = plan["search_space"]
    space["distributions"][EVIL] = space["distributions"].pop("lr")
    space["baseline"][EVIL] = space["baseline"].pop("lr")
    write_json(experiment.plan, plan)
    for number, directory in enumerate(experiment.trials()):
        config = directory.read_config()
        directory.write_config({EVIL if k == "lr" else k: v for k, v in config.items()})
        status = read_json(directory.root / "status.json")
        if status["state"] != "COMPLETE":
            status["cause"] = (EVIL, ENDS)[number % 2]
        write_json(directory.root / "status.json", status)
    metrics = read_json(experiment.best / METRICS)
    for part in ("val", "test"):
        shares = list(metrics[part]["class_accuracy"].values())
        metrics[part]["class_accuracy"] = dict(zip(classes, shares, strict=True))
    metrics["references"][ENDS] = {"val": metrics["val"], "test": metrics["test"]}
    write_json(experiment.best / METRICS, metrics)
    assert "alert" not in (experiment.best / CONFIG).read_text()
    return experiment


@pytest.fixture(scope="module")
def url(hostile: Experiment, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report(Record.of(hostile, running=False)), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    with chromium("test_in_a_browser") as opened:
        opened.ask("Page.addScriptToEvaluateOnNewDocument", source=TRAP)
        opened.window(1280, 900)
        opened.media()
        opened.open(url)
        opened.until(DRAWN)
        yield opened


def is_within(browser: Browser) -> bool:
    """Whether nobody has to scroll sideways."""
    return bool(browser.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_it_loads_nothing_and_says_nothing(browser: Browser, url: str) -> None:
    assert browser.complaints() == []
    assert browser.requests() == [url]
    assert browser.evaluate("document.querySelectorAll('[src^=http], [href^=http]').length") == 0
    # The one button of plotly's that would send a figure away.
    assert browser.evaluate("document.querySelectorAll('[data-title*=Cloud]').length") == 0


def test_no_text_becomes_code(browser: Browser) -> None:
    assert browser.evaluate("window.ran") is None
    assert browser.evaluate("document.querySelectorAll('img:not([src^=\"data:\"])').length") == 0
    text = browser.evaluate("document.body.innerText")
    assert text.count(EVIL) > 5 and text.count(ENDS) > 3
    policy = "document.querySelector('meta[http-equiv]').content"
    assert "default-src 'none'" in browser.evaluate(policy)
    # Were a text to become an element after all, the policy would hold it.
    browser.evaluate(f"document.querySelector('main').insertAdjacentHTML('beforeend', {EVIL!r})")
    browser.until("document.querySelector('main > img')?.complete")
    assert browser.evaluate("window.ran") is None
    assert any("Content Security Policy" in said for said in browser.complaints())
    browser.evaluate("document.querySelector('main > img').remove()")
    browser.events.clear()


def test_every_figure_is_drawn_and_in_its_place(browser: Browser) -> None:
    names = browser.evaluate("[...document.querySelectorAll('.canvas')].map(c => c.dataset.plot)")
    assert {"learning-curves", "slices", "overfitting", "best-so-far", "failures"} <= set(names)
    assert (
        len(names)
        == len(set(names))
        == browser.evaluate("document.querySelectorAll('script[id^=plot-]').length")
    )
    assert browser.evaluate(
        "[...document.querySelectorAll('.canvas')].every(c => c.clientHeight >= c.layout.height)"
    )
    sections = browser.evaluate(
        "[...document.querySelectorAll('main > section[id]')].map(s => s.id)"
    )
    assert sections == ["asked", "won", "overfit", "mattered", "went", "failed", "trials", "use"]


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_readable(dark: bool, browser: Browser) -> None:
    """4.5 to 1 and more, as WCAG 2.2 AA asks for, on the page's ground."""
    browser.media(dark=dark)
    browser.until(f"colour('ground') === colour('ground') && isDark() === {str(dark).lower()}")
    for name in ("text", "muted", "accent", "warn"):
        for ground in ("ground", "panel"):
            shades = browser.evaluate(f"[colour({name!r}), colour({ground!r})]")
            assert contrast(*shades) >= 4.5, (name, ground, shades)
    browser.until("document.querySelector('.canvas').layout.font.color === colour('text')")
    browser.media()


def contrast(one: str, other: str) -> float:
    """Of two `rgb(r, g, b)`; WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        values = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
        return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def picked(browser: Browser) -> dict[str, Any]:
    """What shows which trial is picked."""
    marked = "c.data.some(trace => trace.meta === 'picked')"
    title = "document.getElementById('panel').innerText.split('\\n')[0]"
    return {
        "panel": browser.evaluate(f"panel.hidden ? null : {title}"),
        "rows": rows(browser, "r.dataset.trial", "r.classList.contains('picked')"),
        "figures": browser.evaluate(f"canvases.filter(c => {marked}).map(c => c.dataset.plot)"),
    }


def rows(browser: Browser, what: str, which: str = "!r.hidden") -> list[str]:
    """What the rows `r` of the table of trials have, in the order shown."""
    all_rows = "[...document.querySelectorAll('#all tbody tr')]"
    found: list[str] = browser.evaluate(f"{all_rows}.filter(r => {which}).map(r => {what})")
    return found


def test_picking_a_trial(browser: Browser) -> None:
    nothing: dict[str, Any] = {"panel": None, "rows": [], "figures": []}
    assert picked(browser) == nothing
    browser.evaluate("location.hash = '#t0001'")
    browser.until("!document.getElementById('panel').hidden")
    found = picked(browser)
    assert (found["panel"], found["rows"]) == ("t0001", ["t0001"])
    assert {"learning-curves", "slices"} <= set(found["figures"])
    panel = browser.evaluate("document.getElementById('panel').innerText")
    assert "pruned" in panel and EVIL in panel
    assert browser.evaluate("document.querySelector('#panel .curve').data.length") == 2
    # A point of a figure picks its trial too.
    browser.evaluate(
        "canvases.find(c => c.dataset.plot === 'learning-curves')"
        ".emit('plotly_click', {points: [{customdata: ['t0003']}]})"
    )
    browser.until("document.querySelector('#panel h3').textContent === 't0003'")
    press = "new KeyboardEvent('keydown', {key: 'Escape', bubbles: true})"
    browser.evaluate(f"document.dispatchEvent({press})")
    assert picked(browser) == nothing and browser.evaluate("location.hash") == ""


def test_the_table_sorts_and_filters(browser: Browser) -> None:
    heads = browser.evaluate(
        "[...document.querySelectorAll('#all th button')].map(b => b.innerText)"
    )
    column = heads.index("val_accuracy")
    for best_first in (False, True):
        browser.evaluate(f"document.querySelectorAll('#all th button')[{column}].click()")
        *scores, last = rows(browser, f"r.cells[{column}].textContent")
        assert last == ""  # that of the failed trial, whichever the direction
        assert scores == sorted(scores, key=float, reverse=best_first)
    search(browser, "FAIL")
    assert rows(browser, "r.dataset.trial") == ["t0002"]
    assert browser.evaluate("document.getElementById('shown').textContent") == "1 of 5"
    search(browser, "")
    assert len(rows(browser, "r.dataset.trial")) == 5


def search(browser: Browser, words: str) -> None:
    browser.evaluate(f"filter.value = {words!r}; filter.dispatchEvent(new Event('input'))")


def test_on_a_phone_on_paper_and_by_its_address(browser: Browser, url: str) -> None:
    """A trial in the address is picked at once; nothing is wider than the view."""
    assert is_within(browser)
    browser.ask("Page.navigate", url="about:blank")
    browser.window(390, 844, phone=True)
    browser.open(f"{url}#t0001")
    browser.until(DRAWN)
    assert is_within(browser)
    assert picked(browser)["panel"] == "t0001"
    right = "c.querySelector('.main-svg').getBoundingClientRect().right"
    assert max(browser.evaluate(f"canvases.map(c => {right})")) <= 390
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    browser.media("print", dark=True)
    shown = "[...document.querySelectorAll('.screen')].filter(e => e.offsetHeight)"
    assert browser.evaluate(f"{shown}.length") == 0
    assert browser.evaluate("colour('ground')") == "rgb(255, 255, 255)"
    ink = "document.querySelector('.canvas').layout.font.color"
    browser.until(f"{ink} === 'rgb(29, 32, 36)'")  # as darkness sets it, a moment after
    assert browser.complaints() == []


def test_an_address_that_is_no_text(browser: Browser, url: str) -> None:
    browser.ask("Page.navigate", url="about:blank")
    browser.open(f"{url}#%")
    assert browser.complaints() == []
    assert browser.evaluate("document.getElementById('shown').textContent") == "5 of 5"


def test_without_javascript(browser: Browser, url: str) -> None:
    """Text and tables are there; the debugger's own expressions still run."""
    browser.media()
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.ask("Page.navigate", url="about:blank")
    browser.open(url)
    assert browser.evaluate("typeof Plotly") == "undefined"
    for wanted in ("noscript p", "#all tbody tr:nth-child(5)", "#failed table", ".verdict"):
        assert browser.evaluate(f"document.querySelector({wanted!r}).offsetHeight") > 0, wanted
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_where_no_browser_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="a_test: no Chromium"), chromium("a_test"):
        pass
