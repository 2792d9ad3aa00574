"""What a probe is, and how its results are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vibeshelf.core.errors import CollectionBusy, VibeshelfError
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, Example, Figure, ProbeResult
from vibeshelf.core.records import Book
from vibeshelf.services.probes.specimen import Specimen

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Probe:
    """One property that is looked at. `meaning` is one plain sentence: what it means where this probe does not pass.

    `cheap`: quick enough for every start. `needs` names what must be there: 'encoder', 'index', or both.
    """

    id: str
    title: str
    expected: str
    meaning: str
    look: Callable[[Specimen], Finding]
    cheap: bool = False
    needs: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    def run(self, specimen: Specimen) -> ProbeResult:
        """Return what it says of the collection; not applicable, with the reason, where what it needs is not there.

        Raises CollectionBusy; any other error of ours is what it found.
        """
        if "encoder" in self.needs and specimen.encoder is None:
            return self.result(Finding(NOT_APPLICABLE, f"not looked at: {specimen.refusal}"))
        if "index" in self.needs and specimen.index is None:
            return self.result(Finding(NOT_APPLICABLE, "not looked at: there is no index to ask"))
        try:
            return self.result(self.look(specimen))
        except CollectionBusy:
            raise
        except VibeshelfError as error:
            # What cannot even be looked at is not in order.
            return self.result(Finding(FAIL, str(error), "mend what the message names, and examine again"))

    def result(self, finding: Finding) -> ProbeResult:
        return ProbeResult(
            self.id,
            self.group,
            finding.status,
            finding.observed,
            finding.expected or self.expected,
            finding.meaning or self.meaning,
            finding.fix,
            tuple(finding.examples),
            dict(finding.figures or {}),
            finding.repair,
            tuple(finding.book_ids),
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look saw. `expected` and `meaning` where they depend on it; else the probe's own stand."""

    status: str
    observed: str
    fix: str = ""
    expected: str = ""
    meaning: str = ""
    examples: Sequence[Example] = ()
    figures: Mapping[str, Figure] | None = None
    repair: str = ""
    book_ids: Sequence[str] = ()


def example(book: Book, detail: str = "") -> Example:
    return Example(book.book_id, book.title or "[no title]", detail)
