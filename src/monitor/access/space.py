"""The space of callers of one kind: its axes, cut by everything the policies in force ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.access.assigned_axes import endpoint_axis, organization_axis
from monitor.access.axes import AddressAxis, Axis, Cell, CellAxis, Masks, address_test
from monitor.access.circumstances import AxisName, Circumstances, Mystery, Network
from monitor.access.identity_axes import Naming, Wants, identity_axis, with_anonymous
from monitor.access.text_axes import (
    Want,
    fixed_axis,
    free_text_axis,
    ordered_axis,
    user_id_axis,
)
from monitor.iampolicy.boxes import Box
from monitor.iampolicy.conditions import holds, wanted_patterns
from monitor.iampolicy.document import Condition, PolicyDocument, Version
from monitor.iampolicy.operators import Family, parse_operator
from monitor.iampolicy.principals import named_identities
from monitor.iampolicy.three_valued import Truth
from monitor.iampolicy.variables import Unresolved
from monitor.model.addresses import EVERYWHERE, AddressSet
from monitor.model.api import ApiId


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What does not come from a policy: the API, the addresses a door admits, further borders that
    cut the addresses (a web ACL), the account's VPC endpoints with their VPC, endpoint ids that a
    private domain names."""

    api: ApiId
    families: AddressSet
    borders: tuple[int, ...] = ()
    endpoints: tuple[tuple[str, str], ...] = ()
    named_endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Space:
    """Boxes of this space have one mask per axis, in the order of `axes`; the first axis is the
    path, whose cells belong to each route."""

    circumstances: Circumstances
    axes: tuple[Axis, ...]
    index: Mapping[str, int]
    _full: Box = field(default=())
    _met: dict[int, tuple[Condition, tuple[int, Masks] | Truth]] = field(default_factory=dict)

    @property
    def full(self) -> Box:
        return self._full

    def seen_signed(self) -> Space:
        """The same callers as a policy sees them that looks at their signature."""
        return replace(self, circumstances=replace(self.circumstances, signed=True), _met={})

    def axis(self, name: str) -> Axis | None:
        place = self.index.get(name)
        return None if place is None else self.axes[place]

    def lookup(self, key: str) -> str | Unresolved:
        """What a policy variable stands for."""
        fact = self.circumstances.fact(key.lower())
        if fact is Mystery.ABSENT:
            return Unresolved.MISSING
        if isinstance(fact, tuple) and len(fact) == 1:
            return fact[0]
        return Unresolved.FREE

    def condition(self, condition: Condition, version: Version) -> tuple[int, Masks] | Truth:
        """Where along which axis a condition is met; or the same answer everywhere."""
        known = self._met.get(id(condition))
        if known is None:
            # The condition is kept beside its answer, so that its id stays its own.
            known = self._met[id(condition)] = (condition, self._condition(condition, version))
        return known[1]

    def _condition(self, condition: Condition, version: Version) -> tuple[int, Masks] | Truth:
        fact = self.circumstances.fact(condition.key.lower())
        if isinstance(fact, str):
            place = self.index[fact]
            return place, self._masks(self.axes[place], condition, version)
        values = None if isinstance(fact, Mystery) else fact
        if fact is Mystery.UNKNOWN:
            return Truth.UNKNOWN
        return holds(condition, values, version=version, lookup=self.lookup)

    def _masks(self, axis: Axis, condition: Condition, version: Version) -> Masks:
        if isinstance(axis, AddressAxis):
            test = address_test(condition, version=version, lookup=self.lookup)
            absent_yes = axis.may_be_absent and test.absent is Truth.YES
            absent_maybe = axis.may_be_absent and test.absent is not Truth.NO
            return Masks(axis.mask(test.yes) | absent_yes, axis.mask(test.maybe) | absent_maybe)
        key = condition.key.lower()

        def test_cell(cell: Cell) -> Truth:
            value = cell.values.get(key, Mystery.UNKNOWN)
            if value is Mystery.UNKNOWN:
                return Truth.UNKNOWN
            values = None if isinstance(value, Mystery) else value
            return holds(condition, values, version=version, lookup=self.lookup)

        return axis.masks_of(test_cell)


def build_space(
    circumstances: Circumstances,
    policies: Sequence[PolicyDocument],
    surroundings: Surroundings,
    fences: Sequence[PolicyDocument] = (),
) -> Space:
    """`fences`: policies that look at the signature even where the API's own does not."""
    builder = _Builder(circumstances, surroundings, behind_fences=bool(fences))
    for policy in policies:
        builder.read(policy, circumstances)
    for policy in fences:
        builder.read(policy, replace(circumstances, signed=True))
    return builder.build()


@dataclass(slots=True)
class _Builder:
    circumstances: Circumstances
    surroundings: Surroundings
    behind_fences: bool = False
    conditions: list[tuple[Condition, Version]] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)
    wants: dict[str, list[Want]] = field(default_factory=dict)

    def read(self, policy: PolicyDocument, circumstances: Circumstances) -> None:
        for statement in policy.statements:
            if statement.principal is not None and circumstances.signed:
                self.named += named_identities(statement.principal)
            for condition in statement.conditions:
                fact = circumstances.fact(condition.key.lower())
                if isinstance(fact, str):
                    self.names[fact] = None
                    self.conditions.append((condition, policy.version))

    def build(self) -> Space:
        probe = Space(self.circumstances, (), {})
        for condition, version in self.conditions:
            self._want(probe, condition, version)
        names: list[str] = [AxisName.PATH, AxisName.SOURCE]
        if self.circumstances.signed or self.behind_fences:
            names += [AxisName.IDENTITY]
        if self.circumstances.network is Network.VPC_ENDPOINT:
            names += [AxisName.ENDPOINT]
        names += [name for name in self.names if name not in names]
        axes = tuple(self._axis(name, probe) for name in names)
        index = {name: place for place, name in enumerate(names)}
        return Space(self.circumstances, axes, index, tuple(axis.full for axis in axes))

    def _want(self, probe: Space, condition: Condition, version: Version) -> None:
        operator = parse_operator(condition.operator)
        if operator is None or operator.family is Family.NULL:
            return
        wants = self.wants.setdefault(condition.key.lower(), [])
        for pattern in wanted_patterns(condition, operator, version, probe.lookup):
            if not isinstance(pattern, Unresolved):
                wants.append(Want(operator, pattern))

    def _axis(self, name: str, probe: Space) -> Axis:
        if name == AxisName.SOURCE:
            in_vpc = self.circumstances.network is Network.VPC_ENDPOINT
            families = EVERYWHERE if in_vpc else self.surroundings.families
            borders = (*self._borders("aws:sourceip", probe), *self.surroundings.borders)
            return AddressAxis.cut(families, borders, may_be_absent=in_vpc)
        if name == AxisName.VPC_SOURCE:
            return AddressAxis.cut(EVERYWHERE, self._borders("aws:vpcsourceip", probe))
        if name in _MAKERS:
            return self._caller_axis(name)
        return _text_axis(name, self.wants.get(name, ()))

    def _borders(self, key: str, probe: Space) -> Iterable[int]:
        for condition, version in self.conditions:
            if condition.key.lower() == key:
                test = address_test(condition, version=version, lookup=probe.lookup)
                for addresses in (test.yes, test.maybe):
                    yield from (edge for span in addresses.spans for edge in span)

    def _caller_axis(self, name: str) -> Axis:
        around = self.surroundings
        wants: Wants = self.wants
        if name == AxisName.IDENTITY:
            own, partition = around.api.account_id, around.api.partition
            axis = identity_axis(Naming.of(own, partition, self.named, wants), wants)
            return axis if self.circumstances.signed else with_anonymous(axis)
        if name == AxisName.ORGANIZATION:
            return organization_axis(wants)
        if name == AxisName.ENDPOINT:
            return endpoint_axis(wants, dict(around.endpoints), around.named_endpoints)
        if name == AxisName.RESOURCE_ACCOUNT:
            key = "aws:resourceaccount"
            return CellAxis((Cell({key: (around.api.account_id,)}), Cell({key: Mystery.ABSENT})))
        return _FIXED[name]


_MAKERS = frozenset(AxisName) - {AxisName.SOURCE, AxisName.VPC_SOURCE}
_FIXED: dict[str, CellAxis] = {
    AxisName.PATH: CellAxis((Cell(),)),
    AxisName.SOURCE_ARN: CellAxis(
        (Cell({"aws:sourcearn": Mystery.ABSENT}), Cell({"aws:sourcearn": Mystery.UNKNOWN}))
    ),
    AxisName.ANONYMOUS_NAMES: CellAxis(
        (
            Cell(
                dict.fromkeys(
                    ("aws:principalaccount", "aws:principaltype", "aws:userid"), Mystery.ABSENT
                )
            ),
            Cell(
                {
                    "aws:principalaccount": ("anonymous",),
                    "aws:principaltype": ("Anonymous",),
                    "aws:userid": ("anonymous",),
                }
            ),
        )
    ),
}


def _text_axis(name: str, wants: Sequence[Want]) -> CellAxis:
    if name == "aws:userid":
        return user_id_axis(wants)
    if name == "aws:multifactorauthpresent":
        return fixed_axis(name, ("true", "false"))
    if name in ("aws:multifactorauthage", "aws:tokenissuetime"):
        return ordered_axis(name, wants)
    return free_text_axis(name, wants)
