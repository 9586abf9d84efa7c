"""Which model of the house answers: the small one of the manifest, or a file of the operator's."""

from dataclasses import dataclass
from pathlib import Path

from app.inference.manifest import OwnModel
from app.inference.registry import Loader
from app.llm.llama.gguf import read_header
from app.llm.llama.process import LlamaProcess

SHIPPED, SHIPPED_KIND = "smollm2-135m-instruct", "gguf"
SHIPPED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
OWN, OWN_KIND = "embedded", "own-gguf"
SHIPPED_CONTEXT = 2048
"""It was trained for more; reading that much takes it half a minute."""
MOST_CONTEXT = 8192
"""Of an operator's model, however much it was trained for: memory grows with it."""


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """`file` is None where the manifest says what it is. `id` and `kind` are those of the manifest,
    `name` is for people."""

    id: str = SHIPPED
    kind: str = SHIPPED_KIND
    name: str = "SmolLM2-135M-Instruct"
    context_tokens: int = SHIPPED_CONTEXT
    file: Path | None = None

    @property
    def entries(self) -> tuple[OwnModel, ...]:
        """What the manifest lacks."""
        if self.file is None:
            return ()
        size = self.file.stat().st_size
        licence = "as its publisher says"
        return (OwnModel(id=self.id, title=self.name, licence=licence, kind=self.kind, size=size),)

    @property
    def loaders(self) -> dict[str, Loader]:
        return {
            self.kind: lambda folder: LlamaProcess(
                self.file or folder / SHIPPED_FILE, self.context_tokens
            )
        }


def embedded_model(file: Path | None) -> EmbeddedModel:
    """Raises where `file` is no GGUF file. Blocks."""
    if file is None:
        return EmbeddedModel()
    context_tokens = min(read_header(file).context_tokens, MOST_CONTEXT)
    return EmbeddedModel(OWN, OWN_KIND, file.stem, context_tokens, file.resolve())
