"""Weights that lie in the project itself, and whether their licence lets them be used here."""

from collections.abc import Iterator
from pathlib import Path

from app.core.errors import Unavailable
from app.inference.manifest import FileName, Model

COMMERCIAL = "commercial"
"""Before the ending of a file that stands in for one that may not be used commercially."""


class LicenceForbids(Unavailable):
    """The weights may not be used commercially, and this is a commercial server."""


class ShippedWeights:
    """`root` has a folder a model."""

    def __init__(self, root: Path, *, is_commercial: bool) -> None:
        self._root = root
        self._is_commercial = is_commercial

    def path(self, model: Model, name: FileName) -> Path:
        """Raises where the licence forbids it."""
        if self._is_commercial and name in model.non_commercial:
            raise LicenceForbids(
                f"{name} of model {model.id} was trained on data that may not be used "
                "commercially, and PARLEY_COMMERCIAL is set",
                model=model.id,
                file=name,
            )
        return self._root / model.id / name

    def permitted(self, model: Model, name: FileName) -> Path | None:
        """That file, or what stands in for it where the licence forbids it. None where this model
        has neither."""
        stem, _, ending = name.rpartition(".")
        for each in (name, f"{stem}.{COMMERCIAL}.{ending}"):
            try:
                path = self.path(model, each)
            except LicenceForbids:
                continue
            if path.is_file():
                return path
        return None

    def restrictions(self, model: Model) -> Iterator[str]:
        """A line for each file that may not be used commercially."""
        for name in model.non_commercial:
            if not self._is_commercial:
                yield f"{name}: non-commercial, PARLEY_COMMERCIAL refuses it"
            elif found := self.permitted(model, name):
                yield f"{name}: non-commercial, refused; {found.name} is used"
            else:
                yield f"{name}: non-commercial, refused"
