"""Splits of a text for character models: read as UTF-8, cut 80/10/10 in its own order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainables.data.download import downloaded
from trainables.data.fallback import real_or_stand_in
from trainables.data.request import DataRequest
from trainables.data.splits import Provenance, Splits
from trainables.errors import BadInput
from trainables.files import sha256

TRAIN, VAL = 0.8, 0.1  # shares of the characters; the rest is test
SHORTEST = 100  # characters, or a part would hold next to nothing
UNKNOWN = 0  # the symbol of every character that the train part lacks
UNKNOWN_SHOWN = "\N{REPLACEMENT CHARACTER}"
_SHAKESPEARE = (
    "tiny-shakespeare.txt",
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)


@dataclass(frozen=True)
class TextMeta:
    """What the numbers in a text's arrays mean.

    Attributes:
        vocabulary: the train part's characters by number, from 1; 0 is the unknown symbol.
    """

    vocabulary: tuple[str, ...]

    @property
    def symbols(self) -> int:
        """How many different numbers there are, the unknown symbol among them."""
        return len(self.vocabulary) + 1

    def encode(self, text: str) -> np.ndarray:
        """The numbers of a text's characters, int32 [characters]."""
        numbers = {character: n for n, character in enumerate(self.vocabulary, start=1)}
        return np.fromiter((numbers.get(c, UNKNOWN) for c in text), np.int32, len(text))

    def decode(self, number: int) -> str:
        """The character of a number."""
        return self.vocabulary[number - 1] if number != UNKNOWN else UNKNOWN_SHOWN

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> TextMeta:
        """From what `dataclasses.asdict` and JSON made of one."""
        return cls(tuple(value["vocabulary"]))


@dataclass(frozen=True)
class Text:
    """One part of a text.

    Attributes:
        symbols: int32 [1 + characters]: the character before the part (the unknown symbol where
            there is none), then the part's own, each of which is scored given all before.
    """

    symbols: np.ndarray

    def __len__(self) -> int:
        return len(self.symbols) - 1

    @property
    def nbytes(self) -> int:
        return int(self.symbols.nbytes)

    def head(self, count: int) -> Text:
        """The first `count` characters of the part."""
        return Text(self.symbols[: count + 1])

    def joined(self, after: Text) -> Text:
        """This part and the one that comes right after it."""
        return Text(np.concatenate([self.symbols, after.symbols[1:]]))


def load_text(request: DataRequest) -> Splits:
    """The splits of the text that `request` asks for: tiny-shakespeare, a file, or the stand-in.

    Raises:
        BadInput: the text is not there, is no UTF-8, or is too short.
    """
    text, provenance = _find(request)
    request.found()
    if len(text) < SHORTEST:
        raise BadInput(
            f"{provenance.name}: {len(text)} characters; a text needs {SHORTEST} or more"
        )
    first, second = int(TRAIN * len(text)), int((TRAIN + VAL) * len(text))
    meta = TextMeta(tuple(sorted(set(text[:first]))))
    symbols = np.concatenate([np.array([UNKNOWN], np.int32), meta.encode(text)])
    train, val, test = (
        Text(symbols[start : end + 1])
        for start, end in ((0, first), (first, second), (second, len(text)))
    )
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Splits(train, val, meta, provenance, digest, sealed_test=test)


def _find(request: DataRequest) -> tuple[str, Provenance]:
    name, url, published = _SHAKESPEARE
    real = Provenance("real", "tiny-shakespeare")
    if request.kind == "embedded":
        return _stand_in()
    if request.directory is not None:
        content = _read(request.directory)
        own = Provenance("own", str(request.directory))
        return _decode(content, request.directory), real if sha256(content) == published else own
    return real_or_stand_in(
        request,
        lambda: (downloaded(name, url, published, request.say).read_text("utf-8"), real),
        _stand_in,
        name="tiny-shakespeare",
        give="a text with --data-dir FILE",
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = "is a folder; give one text file" if path.is_dir() else error.strerror
        raise BadInput(f"--data-dir {path}: {reason}") from error


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")  # a BOM
    except UnicodeDecodeError as error:
        raise BadInput(
            f"--data-dir {path}: no UTF-8 text: byte 0x{content[error.start]:02x} at offset "
            f"{error.start} ({error.reason})"
        ) from None


def _stand_in() -> tuple[str, Provenance]:
    """The English of Python's own help, which lies in its standard library."""
    from pydoc_data.topics import topics  # half a megabyte, needed only here

    note = "technical English, full of repetitions: scores say nothing about other texts"
    text = "\n".join(topics[name] for name in sorted(topics))
    return text, Provenance("stand-in", "Python's own help texts", note)
