"""PyTorch, eager: a loop by hand over index batches, Adam fused.

HOW: seed; threads; first, "dense" (a Linear on rows of a dense tensor), "bag" (an EmbeddingBag on
the non-zeros, the same network), or "sparse bag" (the same with sparse gradients and SparseAdam,
which leaves rows alone that a batch does not touch: not quite Adam, and faster on large tables).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from exchange import Rows, Work, answer, load, timed_epochs
from torch import nn


class Bag(nn.Module):
    """A first layer that reads non-zeros: ids, weights, and where each text begins."""

    def __init__(self, features: int, units: int, sparse: bool) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(features, units, mode="sum", sparse=sparse)
        self.bias = nn.Parameter(torch.zeros(units))

    def forward(self, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Return [texts, units]."""
        ids, weights, starts = batch
        return self.table(ids, starts, per_sample_weights=weights) + self.bias


class Input:
    """Bags in a form that batches are cut from."""

    def __init__(self, rows: Rows, dense: bool) -> None:
        self.rows, self.array = rows, torch.from_numpy(rows.dense()) if dense else None

    def batch(self, texts: np.ndarray) -> Any:
        """Return what the first layer reads of these texts."""
        if self.array is not None:
            return self.array[torch.from_numpy(texts)]
        lengths = np.diff(self.rows.indptr)[texts]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1]) + np.repeat(self.rows.indptr[texts] - ends + lengths, lengths)
        arrays = self.rows.indices[places], self.rows.data[places], (ends - lengths)
        return tuple(torch.from_numpy(array) for array in arrays)


class Trainer:
    """A network, its optimisers, and the loop."""

    def __init__(self, work: Work, how: dict[str, Any]) -> None:
        torch.manual_seed(how["seed"])
        self.work, self.generator = work, np.random.default_rng(how["seed"])
        first = how.get("first", "dense")
        self.input = Input(work.bags, first == "dense")
        features, units = work.bags.shape[1], work.units
        layer = nn.Linear(features, units)
        if first != "dense":
            layer = Bag(features, units, first == "sparse bag")
        self.model = nn.Sequential(layer, nn.ReLU(), nn.Linear(units, work.classes))
        for weights in self.model.parameters():
            nn.init.xavier_uniform_(weights) if weights.ndim > 1 else nn.init.zeros_(weights)
        dense = list(self.model.parameters())
        self.optimisers: list[torch.optim.Optimizer] = []
        if first == "sparse bag":
            table = layer.table.weight
            dense = [weights for weights in dense if weights is not table]
            self.optimisers.append(torch.optim.SparseAdam([table], lr=0.001))
        self.optimisers.append(torch.optim.Adam(dense, lr=0.001, fused=True))
        self.labels = torch.from_numpy(work.labels.astype(np.int64))
        self.loss = nn.CrossEntropyLoss()

    def run(self, epochs: int) -> None:
        """Train on."""
        size = self.work.batch_size
        for _ in range(epochs):
            order = self.generator.permutation(len(self.labels))
            for begin in range(0, len(order), size):
                texts = order[begin : begin + size]
                for optimiser in self.optimisers:
                    optimiser.zero_grad(set_to_none=True)
                logits = self.model(self.input.batch(texts))
                self.loss(logits, self.labels[torch.from_numpy(texts)]).backward()
                for optimiser in self.optimisers:
                    optimiser.step()

    def test(self) -> dict[str, Any]:
        """Return accuracy."""
        rows, found = Input(self.work.test_bags, self.input.array is not None), []
        texts = np.arange(rows.rows.shape[0])
        with torch.no_grad():
            for begin in range(0, len(texts), 1024):
                logits = self.model(rows.batch(texts[begin : begin + 1024]))
                found.append(logits.argmax(1).numpy())
        return {"accuracy": self.work.accuracy(np.concatenate(found))}


def train(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train, and return times and what tests it."""
    torch.set_num_threads(how.get("threads", 1))
    work = load(task)
    trainer = Trainer(work, how)
    return timed_epochs(work.epochs, trainer.run), trainer.test


if __name__ == "__main__":
    answer(("torch", "numpy"), train)
