"""What `--tensorboard full` keeps of a trial's network in its directory: names and formats.

views/histograms-0003.json    how weights and gradients lay after epoch 3
views/graph.json              the network's operations, a GraphDef; or `error`, why there is none
views/confusion.json ...      a figure's values and the epoch they are of; .png once it is drawn
views/error.json              why the network could not be looked at, and the epoch it was of
views/points.tsv, about.tsv, sprites.png, and projector_config.pbtxt beside the events, where
TensorBoard's projector looks for it and reads the others itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables.files import write_bytes
from trainables.inspection import Points
from trainables.parts.pngs import sheet


@dataclass(frozen=True)
class ViewFiles:
    """The files of one trial.

    Attributes:
        root: the trial's directory.
    """

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "views"

    def histograms(self, epoch: int) -> Path:
        return self.folder / f"histograms-{epoch:04d}.json"

    @property
    def graph(self) -> Path:
        return self.folder / "graph.json"

    @property
    def error(self) -> Path:
        return self.folder / "error.json"

    def figure(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def picture(self, name: str) -> Path:
        return self.folder / f"{name}.png"

    def write_points(self, points: Points, epoch: int) -> None:
        """Leave points where TensorBoard's projector finds them."""
        # Of use to few trials; every worker imports this file.
        from google.protobuf import text_format
        from tensorboard.plugins.projector import projector_config_pb2 as config_pb2

        rows = ["\t".join(f"{x:.4g}" for x in vector) for vector in points.vectors.tolist()]
        write_bytes(self.folder / "points.tsv", _lines(rows))
        columns = [*points.about]
        named = ["\t".join(columns)] if len(columns) > 1 else []  # one alone has no heading
        words = zip(*points.about.values(), strict=True)
        about = [*named, *("\t".join(map(_plain, row)) for row in words)]
        write_bytes(self.folder / "about.tsv", _lines(about))
        embedding = config_pb2.EmbeddingInfo(
            tensor_name=f"last hidden layer, epoch {epoch}",
            tensor_shape=points.vectors.shape,
            tensor_path="views/points.tsv",
            metadata_path="views/about.tsv",
        )
        if points.pictures is not None:
            sprites = self.folder / "sprites.png"
            if not sprites.is_file():  # in every epoch the same pictures
                write_bytes(sprites, sheet(points.pictures))
            height, width = points.pictures.shape[1:3]
            embedding.sprite.image_path = "views/sprites.png"
            embedding.sprite.single_image_dim.extend([width, height])
        config = text_format.MessageToString(config_pb2.ProjectorConfig(embeddings=[embedding]))
        write_bytes(self.root / "projector_config.pbtxt", config.encode())


def _lines(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _plain(word: str) -> str:
    """Without what would end a column or a row; never empty, which would end the table."""
    return re.sub(r"\s", " ", word) or " "
