"""Axes of ids that AWS assigns: the caller's organization, its VPC endpoint and VPC.

A stranger may have any id that no policy names, and none of those that one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from monitor.access.axes import Cell, CellAxis, CellKind
from monitor.access.circumstances import Mystery
from monitor.access.identity_axes import Wants
from monitor.access.text_axes import Want, classes, text_chain
from monitor.iampolicy.glob import has_wildcard, plain_text
from monitor.iampolicy.operators import Family, Test
from monitor.iampolicy.words import (
    ANY,
    HEX,
    LOWER_ALNUM,
    NOT_SLASH,
    Chain,
    ChainBuilder,
    Chars,
    chain,
)

_AS_TEXT = frozenset({Family.STRING, Family.ARN})

_ORG_KEYS = ("aws:principalorgid", "aws:principalorgpaths")


def organization_axis(wants: Wants) -> CellAxis:
    """No organization, one that a policy names by its id, or another.

    A path begins with the organization's id, so one text stands for both keys.
    Source: IAM user guide, aws:PrincipalOrgPaths.
    """
    absent = Cell(dict.fromkeys(_ORG_KEYS, Mystery.ABSENT), CellKind.NO_ORGANIZATION)
    relevant = [want for key in _ORG_KEYS for want in wants.get(key, ())]
    patterns = [_org_chain(want) for want in wants.get(_ORG_KEYS[0], ())]
    patterns += [text_chain(want) for want in wants.get(_ORG_KEYS[1], ())]
    ids = sorted({one for want in relevant for one in _named_org(want)})
    named = tuple(ChainBuilder().text(f"{one}/").many(ANY).build() for one in ids)
    found = None
    if {want.operator.family for want in relevant} <= _AS_TEXT:
        found = classes((*patterns, *named), (*_ANY_ORGANIZATION, *named))
    if found is None:
        opaque = Cell(dict.fromkeys(_ORG_KEYS, Mystery.UNKNOWN), CellKind.OTHER_ORGANIZATION)
        return CellAxis((absent, opaque))
    cells = [_org_cell(path, path.partition("/")[0] in ids) for path in found.values()]
    return CellAxis((absent, *cells))


def _org_cell(path: str, named: bool) -> Cell:
    kind = CellKind.NAMED_ORGANIZATION if named else CellKind.OTHER_ORGANIZATION
    return Cell({_ORG_KEYS[0]: (path.partition("/")[0],), _ORG_KEYS[1]: (path,)}, kind)


def _org_chain(want: Want) -> Chain:
    fold = want.operator.test is Test.EQUALS_IGNORE_CASE
    builder = ChainBuilder().pattern(want.pattern, NOT_SLASH, fold=fold)
    return builder.text("/").many(ANY).build()


def _named_org(want: Want) -> Iterator[str]:
    end = want.pattern.index("/") if "/" in want.pattern else len(want.pattern)
    head = want.pattern[:end]
    if head and not has_wildcard(head):
        yield plain_text(head)


_PATH = Chars(LOWER_ALNUM.chars | {"-", "/"})
_ANY_ORGANIZATION = (
    ChainBuilder()
    .text("o-")
    .some(LOWER_ALNUM)
    .text("/r-")
    .some(LOWER_ALNUM)
    .text("/")
    .many(_PATH)
    .build(),
)


def endpoint_axis(
    wants: Wants, known: Mapping[str, str], named_endpoints: Iterable[str] = ()
) -> CellAxis:
    """VPC endpoints with the VPC they are in; `known` maps the account's endpoints to their VPC."""
    vpces = _ids("vpce-", wants.get("aws:sourcevpce", ()), (*known, *named_endpoints))
    vpcs = _ids("vpc-", wants.get("aws:sourcevpc", ()), known.values())
    if vpces is None or vpcs is None:
        keys = ("aws:sourcevpce", "aws:sourcevpc")
        return CellAxis((Cell(dict.fromkeys(keys, Mystery.UNKNOWN), CellKind.ANY_VPCE),))
    cells = tuple(
        _endpoint_cell(vpce, vpc, vpce_named, vpc_named)
        for vpce, vpce_named in vpces
        for vpc, vpc_named in vpcs
        if known.get(vpce, vpc) == vpc
    )
    return CellAxis(cells, frozenset(one for one, named in (*vpces, *vpcs) if named))


def _endpoint_cell(vpce: str, vpc: str, vpce_named: bool, vpc_named: bool) -> Cell:
    kind = CellKind.NAMED_VPC if vpc_named else CellKind.ANY_VPCE
    if vpce_named:
        kind = CellKind.NAMED_VPCE
    return Cell({"aws:sourcevpce": (vpce,), "aws:sourcevpc": (vpc,)}, kind)


def _ids(prefix: str, wants: Sequence[Want], known: Iterable[str]) -> list[tuple[str, bool]] | None:
    """Ids that the policies tell apart, and whether they are named; None if that is too hard."""
    if not {want.operator.family for want in wants} <= _AS_TEXT:
        return None
    literals = {plain_text(want.pattern) for want in wants if not has_wildcard(want.pattern)}
    named = sorted(literals | set(known))
    own = tuple(chain(tuple(one)) for one in named)
    fresh = ChainBuilder().text(prefix).some(HEX).build()
    found = classes((*map(text_chain, wants), *own), (fresh, *own))
    return None if found is None else [(text, text in named) for text in found.values()]
