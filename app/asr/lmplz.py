"""Trains n-gram models with KenLM's lmplz: of texts of any size, in as much memory as it is given.

A model is written as ARPA or, by any other name, in KenLM's binary form with its words beside it.
"""

import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from app.asr.kenlm_tools import KenlmTools
from app.asr.language_model import WORDS_SUFFIX, LanguageModel, arpa_words, open_language_model
from app.asr.lm_training import CorpusTooSmall, TrainingFailed, refuse_impossible, sentences


def train(
    tools: KenlmTools,
    text: Path,
    order: int,
    target: Path,
    memory_mb: int,
    say: Callable[[str], None],
) -> LanguageModel:
    """Of `text`, one sentence a line; words are folded and lose punctuation.

    What there already is under that name stays until the new model is complete.
    """
    refuse_impossible(order, target)
    with TemporaryDirectory(prefix=".lm-", dir=target.parent) as folder:
        arpa = Path(folder, "model.arpa")
        command = [str(tools.lmplz), f"--order={order}", f"--memory={memory_mb}M"]
        command += [f"--temp_prefix={folder}/", f"--arpa={arpa}", "--discount_fallback"]
        count = _feed(command, sentences(text))
        if not count:
            raise CorpusTooSmall(f"{text} has no words")
        say(f"{count} sentences")
        if target.suffix == ".arpa":
            arpa.replace(target)
        else:
            _write_binary(tools, arpa, target)
    return open_language_model(target)


def _write_binary(tools: KenlmTools, arpa: Path, target: Path) -> None:
    binary, listed = arpa.with_name("model.bin"), arpa.with_name("model.words")
    _feed([str(tools.build_binary), str(arpa), str(binary)], ())
    with arpa.open(encoding="utf-8") as lines, listed.open("w", encoding="utf-8") as written:
        written.writelines(f"{word}\n" for word in arpa_words(lines))
    listed.replace(target.with_name(target.name + WORDS_SUFFIX))
    binary.replace(target)


def _feed(command: list[str], lines: Iterable[str]) -> int:
    """How many lines the command was given, each as it was read.

    It is a group of its own, so that an interrupt comes here first and ends both in order.
    """
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            process_group=0,
        )
        try:
            assert process.stdin is not None
            count = _write(lines, process.stdin)
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode:
            said.seek(0)
            raise TrainingFailed(f"{Path(command[0]).name} failed: {_last_line(said.read())}")
    return count


def _write(lines: Iterable[str], pipe: IO[bytes]) -> int:
    count = 0
    # A command that ends early tells by its exit status why.
    with suppress(BrokenPipeError), pipe:
        for line in lines:
            pipe.write(f"{line}\n".encode())
            count += 1
    return count


def _last_line(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip().split("\n")[-1]
