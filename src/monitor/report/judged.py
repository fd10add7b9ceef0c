"""A scan in pieces of one API each, so that any account is answered in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pydantic import BaseModel, ConfigDict

from monitor.report.documents import ApiDocument, FindingDocument, ScanDocument, to_json


class JudgedApi(BaseModel):
    """One API of a scan with its findings."""

    model_config = ConfigDict(frozen=True)

    api: ApiDocument
    findings: tuple[FindingDocument, ...]

    @property
    def outline(self) -> JudgedApi:
        """Without what grows with the number of routes: enough to count by."""
        findings = (
            finding.model_copy(update={"routes": (), "because": (), "witness": None, "caveats": ()})
            for finding in self.findings
        )
        return JudgedApi(api=self.api.model_copy(update={"stages": ()}), findings=tuple(findings))


def judged_apis(scan: ScanDocument) -> Iterator[JudgedApi]:
    findings: dict[tuple[str, str], list[FindingDocument]] = {}
    for finding in scan.findings:
        findings.setdefault((finding.region, finding.api_id), []).append(finding)
    for api in scan.apis:
        yield JudgedApi(api=api, findings=tuple(findings.get((api.region, api.api_id), ())))


def whole(outline: ScanDocument, judged: Iterable[JudgedApi]) -> ScanDocument:
    """The whole answer, in memory at once."""
    every = tuple(judged)
    return outline.model_copy(
        update={
            "apis": tuple(each.api for each in every),
            "findings": tuple(finding for each in every for finding in each.findings),
        }
    )


def json_parts(scan: ScanDocument, judged: Callable[[], Iterable[JudgedApi]]) -> Iterator[str]:
    """What `to_json` makes of the whole scan. `judged` is gone through twice."""
    empty = to_json(scan.model_copy(update={"apis": (), "findings": ()}))
    before, _, rest = empty.partition('  "apis": []')
    between, _, after = rest.partition('  "findings": []')
    yield before
    yield from _array("apis", (to_json(each.api) for each in judged()))
    yield between
    yield from _array(
        "findings", (to_json(finding) for each in judged() for finding in each.findings)
    )
    yield after


def _array(name: str, documents: Iterable[str]) -> Iterator[str]:
    yield f'  "{name}": ['
    separator = "\n    "
    for document in documents:
        # No string of a JSON document holds a line break: each one begins a line of the layout.
        yield separator + document.rstrip("\n").replace("\n", "\n    ")
        separator = ",\n    "
    yield "]" if separator == "\n    " else "\n  ]"
