"""Text: UTF-8 or a clear line, cut in its own order, its vocabulary from train alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.data.text import SHORTEST, UNKNOWN, UNKNOWN_SHOWN, Text, TextMeta, load_text
from trainables.errors import BadInput

ABC = "the quick brown fox jumps over the lazy dog. " * 20


def load(tmp_path: Path, content: bytes | str) -> Splits:
    file = tmp_path / "my text.txt"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_text(DataRequest(directory=file))


def written(meta: TextMeta, part: Text) -> str:
    return "".join(meta.decode(symbol) for symbol in part.symbols[1:])


def test_three_parts_follow_each_other_and_lose_nothing(tmp_path):
    splits = load(tmp_path, ABC)
    parts = (splits.train, splits.val, splits.test)
    assert "".join(written(splits.meta, part) for part in parts) == ABC
    assert [len(part) for part in parts] == [720, 90, 90]
    before = [int(part.symbols[0]) for part in parts]
    assert before == [UNKNOWN, *(int(part.symbols[-1]) for part in parts[:2])]
    assert str(splits.provenance).startswith("own: ") and len(splits.digest) == 64
    assert splits.train.head(10).symbols.tolist() == splits.train.symbols[:11].tolist()
    assert len(splits.train.head(10)) == 10


def test_train_and_val_can_be_one_part_for_training(tmp_path):
    splits = load(tmp_path, ABC)
    both = splits.all_for_training()
    assert written(both.meta, both.train) == ABC[:810] and len(both.train) == 810
    with pytest.raises(PermissionError):
        _ = both.test


def test_what_train_lacks_is_unknown_and_shown_as_such(tmp_path):
    splits = load(tmp_path, "ab" * 80 + "ac" * 10 + "ad" * 10)
    assert splits.meta.vocabulary == ("a", "b") and splits.meta.symbols == 3
    assert written(splits.meta, splits.val) == f"a{UNKNOWN_SHOWN}" * 10
    assert written(splits.meta, splits.test) == f"a{UNKNOWN_SHOWN}" * 10


def test_text_is_read_as_it_is_but_for_a_byte_order_mark(tmp_path):
    lines = "Größe\r\nπ\u2028…\x85\n" * 20
    splits = load(tmp_path, b"\xef\xbb\xbf" + lines.encode())
    assert written(splits.meta, splits.train) == lines[:224][: len(splits.train)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f"0 characters; a text needs {SHORTEST} or more"),
        (b"too short", "9 characters"),
        (b"x" * 200 + b"\xff" + b"x" * 200, r"no UTF-8 text: byte 0xff at offset 200"),
        (b"\xef\xbb\xbf" + b"x" * 7 + b"\xe4nd" + b"x" * 99, "byte 0xe4 at offset 10"),
    ],
)
def test_no_text_is_refused(tmp_path, content, message):
    with pytest.raises(BadInput, match=message):
        load(tmp_path, content)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is a folder; give one text file"):
        load_text(DataRequest(directory=tmp_path))


def test_the_stand_in_is_long_and_says_what_it_is():
    splits = load_text(DataRequest("embedded"))
    assert len(splits.train) + len(splits.val) + len(splits.test) >= 300_000
    assert splits.provenance.kind == "stand-in" and "scores say nothing" in splits.provenance.note
    assert 50 < len(splits.meta.vocabulary) < 200


def test_the_published_text_is_known_by_its_content(shared_data):
    file = shared_data / "tinyshakespeare.txt"
    splits = load_text(DataRequest(directory=file))
    assert str(splits.provenance) == "real: tiny-shakespeare"
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [
        892315,
        111539,
        111540,
    ]


def test_the_same_text_has_the_same_digest(tmp_path):
    assert (
        load(tmp_path, ABC).digest == load(tmp_path, ABC).digest != load(tmp_path, ABC + "!").digest
    )


def test_meta_survives_json():
    meta = TextMeta(("\n", "a", "ß"))
    assert TextMeta.from_json({"vocabulary": ["\n", "a", "ß"]}) == meta
    assert meta.encode("aß\nz").tolist() == [2, 3, 1, UNKNOWN]
    assert np.issubdtype(meta.encode("").dtype, np.int32)
