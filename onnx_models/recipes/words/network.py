"""The network that reads words, in torch: what learns. `export.py` writes the same as a graph."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from app.asr.tags.ngrams import ROWS, pieces_of

PIECE_SIZE, CHANNELS, HIDDEN = 32, 192, 128


class Lexicon:
    """Every word of some texts, with its pieces and the row of its meaning."""

    def __init__(self, texts: Sequence[Sequence[str]], meanings: Mapping[str, int]) -> None:
        self.numbers = {"": 0}
        for text in texts:
            for word in text:
                self.numbers.setdefault(word, len(self.numbers))
        pieces = [pieces_of(word) if word else () for word in self.numbers]
        self.pieces = torch.zeros(len(pieces), max(map(len, pieces)), dtype=torch.long)
        for row, ids in enumerate(pieces):
            self.pieces[row, : len(ids)] = torch.tensor(ids, dtype=torch.long)
        self.meanings = torch.tensor([meanings.get(word, 0) for word in self.numbers])

    def rows(self, texts: Sequence[Sequence[str]]) -> torch.Tensor:
        longest = max(map(len, texts))
        rows = torch.zeros(len(texts), longest, dtype=torch.long)
        for place, text in enumerate(texts):
            rows[place, : len(text)] = torch.tensor([self.numbers[word] for word in text])
        return rows


class WordNetwork(nn.Module):
    """Each word is the mean of its pieces and what it means; three words at a time are looked at,
    and of all threes the strongest and the mean go on."""

    def __init__(self, meanings: np.ndarray, labels: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.pieces = nn.Embedding(ROWS + 1, PIECE_SIZE, padding_idx=0, sparse=True)
        nn.init.uniform_(self.pieces.weight, -0.3, 0.3)
        with torch.no_grad():
            self.pieces.weight[0] = 0
        self.register_buffer("meanings", torch.tensor(meanings))
        width = PIECE_SIZE + meanings.shape[1]
        self.look = nn.Linear(3 * width, CHANNELS)
        self.hidden = nn.Linear(2 * CHANNELS, HIDDEN)
        self.heads = nn.ModuleDict(
            {f"head_{name}": nn.Linear(HIDDEN, len(each)) for name, each in labels.items()}
        )
        self.dropout = nn.Dropout(0.3)

    def words(self, lexicon: Lexicon, rows: torch.Tensor) -> torch.Tensor:
        unique, places = rows.unique(return_inverse=True)
        pieces = lexicon.pieces[unique]
        counts = (pieces > 0).sum(1, keepdim=True).clamp(min=1)
        spelled = self.pieces(pieces).sum(1) / counts
        meant = self.meanings[lexicon.meanings[unique]]
        if self.training:
            spelled = spelled * _whole(0.85, len(unique))
            meant = meant * _whole(0.85, len(unique))
        return torch.cat([spelled, meant], 1)[places]

    def forward(self, lexicon: Lexicon, rows: torch.Tensor) -> torch.Tensor:
        words = self.words(lexicon, rows)
        there = (rows > 0).float()[..., None]
        if self.training:
            words = words * _whole(0.95, *rows.shape)
        edged = functional.pad(words * there, (0, 0, 1, 1))
        threes = torch.cat([edged[:, :-2], edged[:, 1:-1], edged[:, 2:]], 2)
        seen = functional.relu(self.look(self.dropout(threes))) * there
        pooled = torch.cat([seen.amax(1), seen.sum(1) / there.sum(1)], 1)
        return functional.relu(self.hidden(self.dropout(pooled)))

    def scores(self, state: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            name.removeprefix("head_"): head(self.dropout(state))
            for name, head in self.heads.items()
        }


def _whole(kept: float, *shape: int) -> torch.Tensor:
    """Ones, and zeros for rows that are left out as a whole."""
    return (torch.rand(*shape, 1) < kept).float()
