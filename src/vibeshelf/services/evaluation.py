"""How good a system is: measures over judged queries with their uncertainty, and whether it differs from a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Grades, Run
from vibeshelf.services.measures import Measure, QueryValues, query_values, upper_bounds, without_relevant
from vibeshelf.services.statistics import ALPHA, holm, mean_interval, paired_p_value, queries_needed


@dataclass(frozen=True, slots=True)
class Summary:
    """The mean of a measure over the `n` queries for which it is defined, with its 95 % bootstrap interval; None where there is none.

    `upper` is what the mean could come to if every unjudged book shown in the top k were judged to be of the highest grade; the
    mean itself is the lower bound. None for measures without such a bound.
    """

    mean: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system reached: measure -> query id -> value (None: undefined), and the summary of each measure."""

    system: str
    values: Mapping[str, QueryValues]
    summaries: Mapping[str, Summary]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A system against the baseline on the `n` queries for which both have the measure. `difference` is system - baseline.

    `p_value` is of the paired randomisation test, `p_adjusted` after Holm over all comparisons of the report. `needed` is about
    how many more judged queries would show a difference of this size, None when it is shown already or cannot be said.
    """

    system: str
    baseline: str
    measure: str
    difference: float | None
    p_value: float | None
    p_adjusted: float | None
    n: int
    needed: int | None = None

    @property
    def decided(self) -> bool:
        return self.p_adjusted is not None and self.p_adjusted <= ALPHA

    @property
    def sentence(self) -> str:
        """What was found, in plain words."""
        if self.difference is None or self.p_adjusted is None:
            return f"{self.system} and {self.baseline}: {self.measure} is undefined on every query"
        figures = f"{self.difference:+.3f} {self.measure}, {_p_text(self.p_adjusted)}, {_count(self.n)}"
        if self.decided:
            return f"{self.system} {'beats' if self.difference > 0 else 'loses to'} {self.baseline}: {figures}"
        more = f"about {self.needed:,} more judged queries would be needed" if self.needed else "their results score the same"
        return f"{self.system} and {self.baseline} cannot be told apart ({figures}): {more}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that an evaluation found. `unjudged` are queries without any judgment, which are not scored; `without_relevant` those
    of the judged for which no book is relevant."""

    measured: Mapping[str, Measured]
    comparisons: tuple[Comparison, ...]
    baseline: str | None
    queries: int
    unjudged: tuple[str, ...]
    without_relevant: tuple[str, ...]


def evaluate(
    runs: Sequence[Run], grades: Grades, measures: Sequence[Measure], baseline: str | None = None, query_ids: Sequence[str] = ()
) -> Report:
    """Return the measures of every run and its comparison with the baseline (`dense`, or the first run, when none is named).

    `query_ids` are those that were searched. Raises InputError without judgments, and for a baseline that is not among the runs.
    """
    if not grades:
        raise InputError("there is no judged query; expected judgments of at least one")
    chosen = _baseline([run.name for run in runs], baseline)
    measured = {run.name: measure_run(run, grades, measures) for run in runs}
    return Report(
        measured=measured,
        comparisons=compare(measured, chosen, measures) if chosen else (),
        baseline=chosen,
        queries=len(grades),
        unjudged=tuple(query_id for query_id in query_ids if query_id not in grades),
        without_relevant=tuple(without_relevant(grades)),
    )


def measure_run(run: Run, grades: Grades, measures: Sequence[Measure]) -> Measured:
    """Return the values of every query of the judgments and their summaries."""
    values = query_values(measures, grades, run.rankings)
    summaries = {}
    for measure in measures:
        summary = summarise(values[measure.name])
        highest = upper_bounds(measure, grades, run.rankings)
        summaries[measure.name] = replace(summary, upper=sum(highest.values()) / len(highest)) if highest else summary
    return Measured(run.name, values, summaries)


def summarise(values: QueryValues) -> Summary:
    """Return mean and interval over the queries for which the value is defined."""
    known = [value for value in values.values() if value is not None]
    if not known:
        return Summary(None, None, None, 0)
    low, high = mean_interval(known) or (None, None)
    return Summary(sum(known) / len(known), low, high, len(known))


def compare(measured: Mapping[str, Measured], baseline: str, measures: Sequence[Measure]) -> tuple[Comparison, ...]:
    """Return every system against the baseline by every measure of quality; coverage is no contest."""
    wanted = [each for each in measures if not each.is_coverage]
    pairs = [(system, measure) for measure in wanted for system in measured if system != baseline]
    made = [_compared(measured[system], measured[baseline], measure.name, len(pairs)) for system, measure in pairs]
    tested = [at for at, each in enumerate(made) if each.p_value is not None]
    for at, adjusted in zip(tested, holm([made[at].p_value or 0.0 for at in tested]), strict=True):
        made[at] = replace(made[at], p_adjusted=adjusted, needed=made[at].needed if adjusted > ALPHA else None)
    return tuple(made)


def paired_differences(system: QueryValues, baseline: QueryValues) -> list[float]:
    """Return system - baseline for the queries on which both are defined, in their order."""
    pairs = ((value, baseline.get(query_id)) for query_id, value in system.items())
    return [value - other for value, other in pairs if value is not None and other is not None]


def _compared(system: Measured, baseline: Measured, measure: str, comparisons: int) -> Comparison:
    differences = paired_differences(system.values[measure], baseline.values[measure])
    mean = sum(differences) / len(differences) if differences else None
    needed = queries_needed(differences, comparisons)
    return Comparison(system.system, baseline.system, measure, mean, paired_p_value(differences), None, len(differences), needed)


def _baseline(names: Sequence[str], wanted: str | None) -> str | None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"two systems are called '{twice[0]}'; every system needs a name of its own")
    if wanted is not None and wanted not in names:
        raise InputError(f"the baseline '{wanted}' is not among the systems: {', '.join(names)}")
    if len(names) < 2:
        return wanted
    return wanted or ("dense" if "dense" in names else names[0])


def _p_text(p_value: float) -> str:
    return "p < .001" if p_value < 0.001 else f"p = {p_value:.3f}".replace("0.", ".")


def _count(queries: int) -> str:
    return f"{queries:,} {'query' if queries == 1 else 'queries'}"
