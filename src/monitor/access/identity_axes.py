"""The axis of who signed.

A stranger picks every name, but not an account number that a policy names: AWS assigns those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.access.axes import Cell, CellAxis, CellKind
from monitor.access.circumstances import Mystery
from monitor.access.text_axes import Want, classes, text_chain
from monitor.iampolicy.glob import has_wildcard, plain_text
from monitor.iampolicy.operators import Family, Test
from monitor.iampolicy.principals import Identity
from monitor.iampolicy.words import (
    ANY,
    DIGIT,
    NAME,
    NOT_COLON,
    Chain,
    ChainBuilder,
    chain,
)

Wants = Mapping[str, Sequence[Want]]
_AS_TEXT = frozenset({Family.STRING, Family.ARN})
_ACCOUNT_IN_ARN = re.compile(r":(\d{12})(?::|\Z)", re.ASCII)
_ACCOUNT_DIGITS = 12
_SESSION = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/(.+)/([^/]+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Naming:
    """Whom the policies name: accounts, and single principals with their account."""

    own_account: str
    partition: str
    accounts: frozenset[str]
    arns: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, own: str, partition: str, named: Iterable[tuple[str, str]], wants: Wants) -> Naming:
        """`named`: the accounts and ARNs of Principal elements; `wants`: of conditions."""
        pairs = {pair for pair in named if pair[1]}
        accounts = {account for account, _ in named}
        for want in wants.get("aws:principalarn", ()):
            text = plain_text(want.pattern)
            found = _ACCOUNT_IN_ARN.search(text)
            if found:
                accounts.add(found[1])
                pairs |= set() if has_wildcard(want.pattern) else {(found[1], text)}
        for want in wants.get("aws:principalaccount", ()):
            text = plain_text(want.pattern)
            if len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit():
                accounts.add(text)
        return cls(own, partition, frozenset(accounts - {own}), tuple(sorted(pairs)))

    @property
    def stranger(self) -> str:
        """An account that no policy names."""
        taken = self.accounts | {self.own_account}
        candidates = (str(666_666_666_666 + step) for step in range(len(taken) + 1))
        return next(account for account in candidates if account not in taken)

    def kind(self, account: str) -> CellKind:
        if account == self.own_account:
            return CellKind.OWN
        return CellKind.NAMED if account in self.accounts else CellKind.STRANGER


def identity_axis(naming: Naming, wants: Wants) -> CellAxis:
    """Signed callers: a stranger, every named principal, somebody else of every named account."""
    relevant = [want for key in _IDENTITY_KEYS for want in wants.get(key, ())]
    if not relevant:
        return CellAxis(tuple(_plain_cells(naming)))
    if not {want.operator.family for want in relevant} <= _AS_TEXT:
        return CellAxis(tuple(_opaque_cells(naming)))
    return _axis_by_automata(naming, wants)


def with_anonymous(axis: CellAxis) -> CellAxis:
    """The same callers, and one who did not sign."""
    anonymous = Cell(dict.fromkeys(_IDENTITY_KEYS, Mystery.ABSENT), CellKind.ANONYMOUS)
    return CellAxis((anonymous, *axis.cells), axis.named)


_IDENTITY_KEYS = ("aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username")


def _plain_cells(naming: Naming) -> Iterator[Cell]:
    taken = {arn for _, arn in naming.arns}
    for account in (naming.stranger, *sorted(naming.accounts), naming.own_account):
        name = "invoker"
        while (arn := _role(naming, account, name)) in taken:
            name += "x"
        yield _cell(naming, Identity(account, arn))
    for account, arn in naming.arns:
        yield _cell(naming, _named_identity(account, arn), exact=True)


def _role(naming: Naming, account: str, name: str) -> str:
    return f"arn:{naming.partition}:iam::{account}:role/{name}"


def _named_identity(account: str, arn: str) -> Identity:
    """A role session carries the ARN of its role in aws:PrincipalArn."""
    session = _SESSION.match(arn)
    if session is None:
        return Identity(account, arn)
    return Identity(account, f"arn:{session[1]}:iam::{account}:role/{session[3]}", arn)


def _cell(naming: Naming, identity: Identity, *, exact: bool = False) -> Cell:
    return Cell(_keys_of(identity), naming.kind(identity.account), identity, exact)


def _keys_of(identity: Identity) -> dict[str, tuple[str, ...] | Mystery]:
    """Source: IAM user guide, "Global condition context keys", properties of the principal."""
    resource = identity.arn.split(":", 5)[-1]
    kind, _, name = resource.partition("/")
    types = {"user": "User", "role": "AssumedRole", "root": "Account"}
    return {
        "aws:principalarn": (identity.arn,),
        "aws:principalaccount": (identity.account,),
        "aws:principaltype": (types.get(kind, "FederatedUser"),),
        "aws:username": (name.rpartition("/")[2],) if kind == "user" else Mystery.ABSENT,
    }


def _opaque_cells(naming: Naming) -> Iterator[Cell]:
    """Callers of whom nothing but the account is known."""
    for cell in _plain_cells(naming):
        yield Cell(dict.fromkeys(_IDENTITY_KEYS, Mystery.UNKNOWN), cell.kind, cell.identity)


def _axis_by_automata(naming: Naming, wants: Wants) -> CellAxis:
    patterns: list[Chain] = [
        one for key in _IDENTITY_KEYS for want in wants.get(key, ()) for one in _chains(key, want)
    ]
    patterns += [chain(tuple(arn)) for _, arn in naming.arns]
    named = (*sorted(naming.accounts), naming.own_account)
    patterns += [_of_account(ChainBuilder().text(account).build()) for account in named]
    patterns += [_of_kind(kind) for kind in ("user/", "role/", "root")]
    found = classes(tuple(patterns), _universe(naming.partition))
    if found is None:
        return CellAxis(tuple(_opaque_cells(naming)))
    single = {arn for _, arn in naming.arns}
    cells = [
        _cell(naming, Identity(arn.split(":")[4], arn), exact=arn in single)
        for arn in found.values()
    ]
    sessions = [
        _cell(naming, _named_identity(account, arn), exact=True)
        for account, arn in naming.arns
        if _SESSION.match(arn)
    ]
    return CellAxis((*cells, *sessions))


def _chains(key: str, want: Want) -> Iterator[Chain]:
    """The principal ARNs whose owner's key a value matches."""
    fold = want.operator.test is Test.EQUALS_IGNORE_CASE
    if key == "aws:principalarn":
        yield text_chain(want)
    elif key == "aws:principalaccount":
        yield _of_account(ChainBuilder().pattern(want.pattern, DIGIT).build())
    elif key == "aws:username":
        user = _iam_prefix().text("user/")
        yield user.pattern(want.pattern, NAME, fold=fold).build()
        path = _iam_prefix().text("user/").some(NOT_COLON).text("/")
        yield path.pattern(want.pattern, NAME, fold=fold).build()


def _iam_prefix() -> ChainBuilder:
    return ChainBuilder().text("arn:").some(NOT_COLON).text(":iam::").some(DIGIT).text(":")


def _of_account(account: Chain) -> Chain:
    """ARNs of one account: `arn:aws:iam::` or `arn:aws:sts::`, the number, anything."""
    builder = ChainBuilder().text("arn:").some(NOT_COLON).text(":").some(NOT_COLON).text("::")
    for index, loop in enumerate(account.loops):
        if loop is not None:
            builder.many(loop)
        if index < len(account.steps):
            builder.one(account.steps[index])
    return builder.text(":").many(ANY).build()


def _of_kind(kind: str) -> Chain:
    return (
        ChainBuilder()
        .text("arn:")
        .many(ANY)
        .text("::")
        .some(DIGIT)
        .text(f":{kind}")
        .many(ANY)
        .build()
    )


def _universe(partition: str) -> tuple[Chain, ...]:
    return tuple(
        builder.build()
        for builder in (
            _any_account(partition, "iam").text(":role/").some(NOT_COLON),
            _any_account(partition, "iam").text(":user/").some(NOT_COLON),
            _any_account(partition, "iam").text(":root"),
            _any_account(partition, "sts").text(":federated-user/").some(NAME),
        )
    )


def _any_account(partition: str, service: str) -> ChainBuilder:
    builder = ChainBuilder().text(f"arn:{partition}:{service}::")
    for _ in range(_ACCOUNT_DIGITS):
        builder.one(DIGIT)
    return builder
