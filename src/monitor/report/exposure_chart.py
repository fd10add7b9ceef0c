"""The shapes of the page's charts: bars of segments, in percent of the width there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.model.finding import Severity
from monitor.report.audience import Audience, Exposure, total_routes
from monitor.report.comparison import TrendPoint

MAX_BARS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """`kind` is the class that colours it; `start` and `width` in percent."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`label` says in words what the segments show."""

    name: str
    total: int
    label: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    kind: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureChart:
    """The whole account as one bar, then the most exposed APIs; `hidden` more are not drawn."""

    total: int
    label: str
    whole: tuple[Segment, ...]
    legend: tuple[LegendEntry, ...]
    bars: tuple[Bar, ...]
    hidden: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendBar:
    of: TrendPoint
    label: str
    segments: tuple[Segment, ...]


def exposure_chart(found: Sequence[Exposure]) -> ExposureChart:
    whole = total_routes(found)
    total = sum(whole.values())
    drawn = [exposure for exposure in found if exposure.total]
    longest = max((exposure.total for exposure in drawn[:MAX_BARS]), default=0)
    return ExposureChart(
        total=total,
        label=_words(whole),
        whole=_segments({who.value: number for who, number in whole.items()}, total),
        legend=tuple(
            LegendEntry(kind=who.value, label=who.label, count=whole[who]) for who in Audience
        ),
        bars=tuple(_bar(exposure, longest) for exposure in drawn[:MAX_BARS]),
        hidden=max(len(drawn) - MAX_BARS, 0),
    )


def trend_bars(points: Sequence[TrendPoint]) -> list[TrendBar]:
    longest = max((sum(point.findings.values()) for point in points), default=0)
    return [_trend_bar(point, longest) for point in points]


def _trend_bar(point: TrendPoint, longest: int) -> TrendBar:
    counts = {severity.value: point.findings.get(severity, 0) for severity in Severity}
    told = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    return TrendBar(of=point, label=told or "no findings", segments=_segments(counts, longest))


def _bar(exposure: Exposure, longest: int) -> Bar:
    name = exposure.api.name or exposure.api.api_id
    return Bar(
        name=name,
        total=exposure.total,
        label=f"{name}: {_words(exposure.routes)}",
        segments=_segments({w.value: n for w, n in exposure.routes.items()}, longest),
    )


def _segments(counts: Mapping[str, int], longest: int) -> tuple[Segment, ...]:
    segments, start = [], 0
    for kind, number in counts.items():
        if number:
            segments.append(
                Segment(kind=kind, start=_percent(start, longest), width=_percent(number, longest))
            )
            start += number
    return tuple(segments)


def _percent(number: int, whole: int) -> float:
    return round(100 * number / whole, 3)


def _words(counts: Mapping[Audience, int]) -> str:
    told = [f"{who.label}: {number}" for who, number in counts.items() if number]
    return "; ".join(told) or "no routes"
