"""What the grammar makes of a written sentence."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Said:
    """One spoken word, or a mark of punctuation, that `[begin:end]` of the sentence stands for.

    `is_as_written`: each letter of it stands for itself. `is_spelled`: by the names of its
    letters. `sounds`: given by a pronunciation of the
    organization's own; nothing else is asked then.
    """

    text: str
    begin: int
    end: int
    is_mark: bool = False
    is_as_written: bool = False
    is_spelled: bool = False
    sounds: str = ""

    def part(self, begin: int, end: int) -> "Said":
        text = self.text[begin:end]
        if not self.is_as_written:
            return replace(self, text=text)
        return replace(self, text=text, begin=self.begin + begin, end=self.begin + end)


def share(spoken: str, begin: int, end: int) -> list[Said]:
    """Words that stand for one place. Capitals are spelled; a comma becomes a mark."""
    said: list[Said] = []
    for word in spoken.split():
        name = word.rstrip(",")
        is_spelled = name.isascii() and name.isalpha() and name.isupper()
        said.append(Said(name, begin, end, is_spelled=is_spelled))
        if name != word:
            said.append(Said(",", begin, end, is_mark=True))
    return said
