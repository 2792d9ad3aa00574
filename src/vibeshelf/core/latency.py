"""What a benchmark measured: raw samples with what they are about. Percentiles come later, and only where there are enough."""

from __future__ import annotations

from dataclasses import dataclass

from vibeshelf.core.errors import InputError
from vibeshelf.core.percentiles import percentile

COLD_START, MODEL_LOAD, TOKENISE, ENCODE, SEARCH, HYDRATE, TOTAL = (
    "cold_start", "model_load", "tokenise", "encode", "search", "hydrate", "total",
)  # fmt: skip
# In the order in which they happen. `encode` holds `tokenise` once more, and `total` is a whole search.
STAGES = (COLD_START, MODEL_LOAD, TOKENISE, ENCODE, SEARCH, HYDRATE, TOTAL)
QUERY_STAGES = (TOKENISE, ENCODE, SEARCH, HYDRATE, TOTAL)
SHORT, MEDIUM, LONG, BOOK = "short", "medium", "long", "book"
LENGTHS = (SHORT, MEDIUM, LONG)
TEXTS = (*LENGTHS, BOOK)
VERDICTS = ("same", "near", "withheld")


@dataclass(frozen=True, slots=True, order=True)
class Engine:
    """What ran the model."""

    device: str
    backend: str
    precision: str

    def __str__(self) -> str:
        return f"{self.backend} {self.precision} on {self.device}"


@dataclass(frozen=True, slots=True)
class LatencySamples:
    """The samples of one engine in one stage, in the order they were taken; each is a call with `batch_size` texts.

    `text` says which texts (queries by length, or books) and is None for a stage without any; `tokens` are those of each call,
    empty where there were none; `warm_up` calls came before and are not among the samples.
    """

    device: str
    backend: str
    precision: str
    stage: str
    text: str | None
    batch_size: int
    warm_up: int
    seconds: tuple[float, ...]
    tokens: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.stage not in STAGES or self.text not in (None, *TEXTS):
            raise InputError(f"samples of stage '{self.stage}' and text '{self.text}'; known: {', '.join(STAGES)} and {', '.join(TEXTS)}")
        if self.batch_size < 1 or self.warm_up < 0 or not self.seconds or len(self.tokens) not in (0, len(self.seconds)):
            raise InputError(f"samples of {self.engine}, {self.stage}: expected some seconds, and as many counts of tokens or none")
        if not all(0 < value < float("inf") for value in self.seconds):
            raise InputError(f"samples of {self.engine}, {self.stage}: a time that is not above 0")

    @property
    def engine(self) -> Engine:
        return Engine(self.device, self.backend, self.precision)

    @property
    def n(self) -> int:
        return len(self.seconds)

    @property
    def per_second(self) -> float:
        """Texts a second, one call after the other."""
        return self.batch_size * len(self.seconds) / sum(self.seconds)

    def percentile_ms(self, percent: int) -> float | None:
        """Return a percentile in milliseconds; None for fewer samples than it takes."""
        seconds = percentile(self.seconds, percent)
        return None if seconds is None else seconds * 1000


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near an engine's vectors are to those of the reference (torch fp32 on the cpu), and what follows from that."""

    device: str
    backend: str
    precision: str
    cosine_min: float
    cosine_mean: float
    top10_overlap: float
    documents: int
    queries: int
    verdict: str
    reason: str

    @property
    def engine(self) -> Engine:
        return Engine(self.device, self.backend, self.precision)


@dataclass(frozen=True, slots=True)
class Quality:
    """A measure of searches whose queries this engine encoded, over `n` judged queries; the books are as the collection holds them."""

    device: str
    backend: str
    precision: str
    system: str
    measure: str
    mean: float
    ci_low: float | None
    ci_high: float | None
    n: int

    @property
    def engine(self) -> Engine:
        return Engine(self.device, self.backend, self.precision)


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """An engine, or a part of the benchmark, that could not be measured, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Environment:
    """Where and how a benchmark was run. What the machine does not tell is None.

    `label` names the machine by processor and the cores that could be used; `threads` is engine -> threads of its own count;
    `accelerators` is device -> name; `load_before` and `load_after` are the load averages of the last minute.
    """

    label: str
    processor: str
    platform: str
    python: str
    cores: int
    usable_cores: int
    memory_bytes: int
    governor: str | None
    load_before: float
    load_after: float
    accelerators: dict[str, str]
    threads: dict[str, int]
    versions: dict[str, str]
    model: str
    fingerprint: str
    collection: str | None
    books: int
    system: str
    measured_at: str
    run_seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class BenchResult:
    """One benchmark of one machine, with everything that is needed to read it elsewhere."""

    environment: Environment
    samples: tuple[LatencySamples, ...]
    agreement: tuple[Agreement, ...] = ()
    quality: tuple[Quality, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()

    @property
    def engines(self) -> list[Engine]:
        """Those that were measured, each once, in the file's order."""
        return list(dict.fromkeys(each.engine for each in self.samples))

    def verdict(self, engine: Engine) -> str | None:
        """Return same, near or withheld; None where its vectors were not compared."""
        return next((each.verdict for each in self.agreement if each.engine == engine), None)
