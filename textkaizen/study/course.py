"""What a run is given, and how it goes: limits, means, progress, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textkaizen.recipe import Recipe
from textkaizen.study.budget import ROUND_SHARE, Budget, relative_cost
from textkaizen.study.experiment import Store, Worker
from textkaizen.study.improvements import Improvement
from textkaizen.study.result import Place, Substitutes, Verdict
from textkaizen.train.programs import Programs

if TYPE_CHECKING:
    from textkaizen.data.word_vectors import WordVectors
    from textkaizen.text.sentence_vectors import VectorStore
    from textkaizen.text.tokens import TokenStore

NOTHING, TIME, ROUNDS, INTERRUPTED = (
    "nothing more helps",
    "time is used",
    "rounds are used",
    "interrupted",
)

RESERVE_SPARE = 1.15  # what the last training may take longer than was guessed


@dataclass(frozen=True)
class Progress:
    """What is going on.

    Args:
        round: from 1; 0 before the first.
        trying: what is being trained.
        done, planned: lanes of this block.
        sweep: which seed of the round's, from 1.
    """

    round: int
    trying: str
    done: int
    planned: int
    sweep: int = 1


@dataclass(frozen=True)
class Means:
    """What a study is given to work with; the core itself touches neither clock, threads nor disk.

    Args:
        worker: where lanes run.
        stopping: callback for lanes; True ends them early.
        programs: compiled epochs, shared.
        progress: called with a `Progress` whenever something is begun or done.
        store: keeps what lanes answer, and finds what an earlier run has kept; None keeps nothing.
        tokens: the same for what analysers say of texts.
        vectors: the same for what the sentence encoder says of them.
        word_vectors: of a file, that embeddings may begin with; None: there is no file.
    """

    worker: Worker = map
    stopping: Callable[..., bool] = lambda *_: False
    programs: Programs = field(default_factory=Programs)
    progress: Callable[[Progress], Any] = lambda _: None
    store: Store | None = None
    tokens: TokenStore | None = None
    vectors: VectorStore | None = None
    word_vectors: WordVectors | None = None


@dataclass
class Ladder:
    """Where a run stands.

    Args:
        recipe: adopted so far.
        verdicts: of all rounds.
        adopted: names in order.
        steps: the recipes adopted, the baseline first.
        rounds: for each round its alpha, the smallest difference it could detect, the lanes
            trained in it, the seeds its start had run through, how many candidates were dropped
            and how many decided early, and whether it was interrupted.
        closing: the same of the round that leaves out what was adopted; empty without one.
        places: what each adopted improvement adds at the end.
        substitutes: improvements that do the same work.
        stopped: why the run ended; "" while it goes on.
    """

    recipe: Recipe
    verdicts: list[Verdict] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    steps: list[Recipe] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    closing: dict[str, Any] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    substitutes: list[Substitutes] = field(default_factory=list)
    stopped: str = ""


@dataclass(frozen=True)
class Course:
    """How a run goes: its candidates, its limits, and what the end needs.

    Args:
        improvements: to try, in this order at first.
        budget: time or rounds.
        reserve_seconds: to be left when the rounds end, for a recipe as costly as the baseline.
        baseline: to which that cost refers.
        seed: of the bootstrap.
        share: of the time left that a round may take.
        metric: that decides.
        family: questions that a round corrects for at least.
        closing_seconds: kept from the rounds for what is asked after them.
        base_name: how people call what the first round starts from; "" is the baseline.
    """

    improvements: tuple[Improvement, ...]
    budget: Budget
    reserve_seconds: float
    baseline: Recipe
    seed: int
    share: float = ROUND_SHARE
    metric: str = "macro_f1"
    closing_seconds: float = 0.0
    family: int = 0
    base_name: str = ""

    def time_left(self, recipe: Recipe) -> float:
        """Seconds left for lanes of rounds, when `recipe` is to be trained at the end."""
        cost = max(relative_cost(recipe, self.baseline), 1.0)
        return (
            self.budget.left() - RESERVE_SPARE * self.reserve_seconds * cost - self.closing_seconds
        )
