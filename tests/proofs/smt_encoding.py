"""A question about access as formulas over one symbolic request: a free address, free headers,
free path parameters, a free user or role of an account that the policy does not name.

It reads the JSON of the policy for itself and shares nothing with the engine or the reference.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import pairwise
from typing import Any

import z3

from tests.proofs.random_questions import ORGANIZATIONS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Span = tuple[int, int, int]

# The accounts of a stranger, told apart by the one pattern for accounts that policies hold.
UNNAMED_ACCOUNTS = ("111122223333", "900000000000")

# PUT stands for every verb that no random policy names.
VERBS = ("GET", "POST", "PUT")


def _regex(pattern: str, *, ignore_case: bool = False, wildcards: bool = True) -> z3.ReRef:
    any_char = z3.AllChar(z3.ReSort(z3.StringSort()))
    parts = [z3.Re("")]
    for char in pattern:
        if wildcards and char == "*":
            parts.append(z3.Star(any_char))
        elif wildcards and char == "?":
            parts.append(any_char)
        elif ignore_case and char.lower() != char.upper():
            parts.append(z3.Union(z3.Re(char.lower()), z3.Re(char.upper())))
        else:
            parts.append(z3.Re(char))
    return z3.Concat(*parts, z3.Re("")) if len(parts) > 1 else z3.Re("")


def _chars(ranges: str) -> z3.ReRef:
    """`a-z0-9.`: pairs of bounds and single characters."""
    found, rest = [], ranges
    while rest:
        if rest[1:2] == "-" and len(rest) > 2:
            found.append(z3.Range(rest[0], rest[2]))
            rest = rest[3:]
        else:
            found.append(z3.Re(rest[0]))
            rest = rest[1:]
    return z3.Union(*found) if len(found) > 1 else found[0]


PRINTABLE = z3.Range(" ", "~")
SEGMENT = z3.Union(_chars("a-zA-Z0-9"), _chars("-._~*!'(),;:@&=+${}"))
NAME = _chars("a-zA-Z0-9+=,.@_/")


@dataclass(frozen=True)
class Text:
    """A key that may be missing, with a free or fixed text."""

    present: z3.BoolRef
    text: z3.SeqRef


@dataclass(frozen=True)
class Address:
    present: z3.BoolRef
    is_v6: z3.BoolRef
    v4: z3.BitVecRef
    v6: z3.BitVecRef

    def inside(self, block: str) -> z3.BoolRef:
        network = ipaddress.ip_network(block, strict=False)
        bits = self.v4 if network.version == 4 else self.v6
        family = z3.Not(self.is_v6) if network.version == 4 else self.is_v6
        host = network.max_prefixlen - network.prefixlen
        first = int(network.network_address)
        if host == network.max_prefixlen:
            return family
        return z3.And(family, z3.LShR(bits, host) == (first >> host))


# aws:PrincipalAccount of an anonymous caller: absent by one page, `anonymous` by another.
_NAMED = z3.Bool("anonymous named")


class Encoding:
    """One question as formulas over one symbolic request. `signed`: a stranger's call."""

    def __init__(self, question: Mapping[str, Any], *, signed: bool) -> None:
        self.question = question
        self.api = question["api"]
        self.signed = signed
        self.in_vpc = question["endpoint_type"] == "PRIVATE"
        self.path = z3.String("path")
        self.source = Address(
            z3.Bool("source_present") if self.in_vpc else z3.BoolVal(True),
            z3.Bool("source_is_v6"),
            z3.BitVec("source_v4", 32),
            z3.BitVec("source_v6", 128),
        )
        self.vpc_source = Address(
            z3.BoolVal(True),
            z3.Bool("vpc_is_v6"),
            z3.BitVec("vpc_v4", 32),
            z3.BitVec("vpc_v6", 128),
        )
        self.assumptions: list[z3.BoolRef] = []
        self.keys = self._keys()

    def _keys(self) -> dict[str, Text]:
        keys = {name: self._free(name, PRINTABLE) for name in ("aws:useragent", "aws:referer")}
        keys["aws:securetransport"] = Text(z3.BoolVal(True), z3.StringVal("true"))
        if self.in_vpc:
            for name, prefix in (("aws:sourcevpce", "vpce-"), ("aws:sourcevpc", "vpc-")):
                keys[name] = self._always(name, prefix, _chars("0-9a-f"))
        return keys | (self._stranger_keys() if self.signed else self._anonymous_keys())

    def _free(self, name: str, chars: z3.ReRef) -> Text:
        text = z3.String(name)
        self.assumptions.append(z3.InRe(text, z3.Star(chars)))
        return Text(z3.Bool(f"{name} present"), text)

    def _always(self, name: str, prefix: str, chars: z3.ReRef) -> Text:
        text = z3.String(name)
        self.assumptions.append(z3.InRe(text, z3.Concat(z3.Re(prefix), z3.Plus(chars))))
        return Text(z3.BoolVal(True), text)

    def _stranger_keys(self) -> dict[str, Text]:
        name = z3.String("name")
        self.assumptions.append(z3.InRe(name, z3.Plus(NAME)))
        kind = z3.If(z3.Bool("is role"), z3.StringVal("role/"), z3.StringVal("user/"))
        one, other = (z3.StringVal(account) for account in UNNAMED_ACCOUNTS)
        account = z3.If(z3.Bool("account"), one, other)
        arn = z3.Concat(z3.StringVal("arn:aws:iam::"), account, z3.StringVal(":"), kind, name)
        organization = self._free("aws:principalorgid", PRINTABLE)
        self.assumptions.append(
            z3.InRe(organization.text, z3.Concat(z3.Re("o-"), z3.Plus(_chars("a-z0-9"))))
        )
        # Members of the organizations that the policy names are no strangers.
        for named in ORGANIZATIONS:
            self.assumptions.append(organization.text != z3.StringVal(named))
        present = z3.BoolVal(True)
        return {
            "aws:principalarn": Text(present, arn),
            "aws:principalaccount": Text(present, account),
            "aws:principalorgid": organization,
            "aws:principaltag/team": self._free("aws:principaltag/team", PRINTABLE),
        }

    def _anonymous_keys(self) -> dict[str, Text]:
        # Absent by one page, `anonymous` by another.
        return {"aws:principalaccount": Text(z3.Bool("anonymous named"), z3.StringVal("anonymous"))}

    def route_reached(self, index: int, verb: str) -> z3.BoolRef:
        """The request's verb and path lead to this route and to none that goes before it."""
        routes = self.api["routes"]
        mine = routes[index]
        if verb != mine["method"] and mine["method"] != "ANY":
            return z3.BoolVal(False)
        before = [
            z3.InRe(self.path, _template(other["path"]))
            for other in routes
            if other["method"] in (verb, "ANY") and _precedence(other) < _precedence(mine)
        ]
        return z3.And(z3.InRe(self.path, _template(mine["path"])), z3.Not(z3.Or(before)))

    def let_in(self, verb: str, *, by_policy: bool, favour: bool) -> z3.BoolRef:
        """The policy allows (or, `by_policy` False, does not deny). `favour`: what is not
        documented works for the caller; otherwise against."""
        allows, denies = [], []
        for statement in self.question["policy"]["Statement"]:
            is_allow = statement["Effect"] == "Allow"
            applies = z3.And(
                self._principal(statement),
                self._element(statement, "Action", _invoke),
                self._element(statement, "Resource", lambda one: self._resource(one, verb)),
                *self._conditions(statement, favour is is_allow),
            )
            (allows if is_allow else denies).append(applies)
        allowed = z3.Or(allows) if by_policy else z3.BoolVal(True)
        return self._in_every_reading(z3.And(allowed, z3.Not(z3.Or(denies))), favour)

    def _in_every_reading(self, formula: z3.BoolRef, favour: bool) -> z3.BoolRef:
        if favour:
            return formula
        readings = (z3.BoolVal(True), z3.BoolVal(False))
        return z3.And([z3.substitute(formula, (_NAMED, one)) for one in readings])

    def _principal(self, statement: Mapping[str, Any]) -> z3.BoolRef:
        """No account, user or role that a policy names is this caller."""
        negated = "NotPrincipal" in statement
        element = statement["NotPrincipal" if negated else "Principal"]
        everyone = element == "*" or "*" in element["AWS"]
        return z3.BoolVal(everyone is not negated)

    def _element(self, statement: Mapping[str, Any], name: str, fits: Any) -> z3.BoolRef:
        negated = f"Not{name}" in statement
        raw = statement[f"Not{name}" if negated else name]
        found = z3.Or([fits(one) for one in ([raw] if isinstance(raw, str) else raw)])
        return z3.Not(found) if negated else found

    def _resource(self, pattern: str, verb: str) -> z3.BoolRef:
        account, api = self.question["account_id"], self.api
        arn = f"arn:{api['partition']}:execute-api:{api['region']}:{account}:{api['id']}"
        if pattern.startswith("execute-api:/"):
            pattern = arn + pattern.removeprefix("execute-api:")
        fixed = z3.StringVal(f"{arn}/{api['stage']}/{verb}")
        return z3.InRe(z3.Concat(fixed, self.path), _regex(pattern))

    def _conditions(self, statement: Mapping[str, Any], favour: bool) -> Iterator[z3.BoolRef]:
        for operator, block in statement.get("Condition", {}).items():
            for key, values in block.items():
                yield self._condition(operator, key.lower(), values, favour)

    def _condition(
        self, operator: str, key: str, values: Sequence[str], favour: bool
    ) -> z3.BoolRef:
        qualifier, _, base = operator.rpartition(":")
        if_exists = base.endswith("IfExists")
        base = base.removesuffix("IfExists")
        negated = "Not" in base
        present = self._present(key)
        if base == "Null":
            return z3.Or([present if value == "false" else z3.Not(present) for value in values])
        found = z3.Or([self._fits(base.replace("Not", ""), key, value) for value in values])
        held = z3.Not(found) if negated else found
        if qualifier == "ForAllValues":
            empty = self.keys[key].text == z3.StringVal("") if key in self.keys else False
            return z3.Or(z3.Not(present), empty, held)
        missing = if_exists or negated
        if qualifier == "ForAnyValue":
            missing = if_exists and favour
        return z3.If(present, held, z3.BoolVal(missing))

    def _present(self, key: str) -> z3.BoolRef:
        if key == "aws:sourceip":
            return self.source.present
        if key == "aws:vpcsourceip":
            return z3.BoolVal(self.in_vpc)
        return self.keys[key].present if key in self.keys else z3.BoolVal(False)

    def _fits(self, test: str, key: str, value: str) -> z3.BoolRef:
        if test == "IpAddress":
            return (self.source if key == "aws:sourceip" else self.vpc_source).inside(value)
        if key not in self.keys:
            return z3.BoolVal(False)
        text = self.keys[key].text
        match test:
            case "StringEquals" | "Bool":
                return text == z3.StringVal(value)
            case "StringEqualsIgnoreCase":
                return z3.InRe(text, _regex(value, ignore_case=True, wildcards=False))
            case "StringLike":
                return z3.InRe(text, _regex(value))
            case _:
                return z3.InRe(text, _arn_regex(value))

    @cached_property
    def families(self) -> tuple[int, ...]:
        return (4, 6) if self.api["ip_address_type"] == "dualstack" else (4,)

    def from_span(self, span: Span | None) -> z3.BoolRef:
        if span is None:
            return z3.BoolVal(True)
        version, first, last = span
        bits = self.source.v4 if version == 4 else self.source.v6
        family = self.source.is_v6 if version == 6 else z3.Not(self.source.is_v6)
        return z3.And(family, z3.UGE(bits, first), z3.ULE(bits, last))

    def door(self) -> z3.BoolRef:
        if self.families == (4,):
            return z3.And(*self.assumptions, z3.Not(self.source.is_v6))
        return z3.And(*self.assumptions)


def _invoke(pattern: str) -> z3.BoolRef:
    return z3.BoolVal(fnmatchcase("execute-api:invoke", pattern.lower()))


def _arn_regex(pattern: str) -> z3.ReRef:
    """Segments are matched one by one; the names in play hold no colon."""
    no_colon = z3.Union(z3.Range(" ", "9"), z3.Range(";", "~"))
    parts = [
        z3.Star(no_colon) if char == "*" else no_colon if char == "?" else z3.Re(char)
        for char in pattern
    ]
    return z3.Concat(z3.Re(""), *parts)


def _template(path: str) -> z3.ReRef:
    parts: list[z3.ReRef] = [z3.Re("")]
    for part in path.split("/")[1:]:
        parts.append(z3.Re("/"))
        if part.endswith("+}"):
            parts.append(z3.Plus(z3.Union(SEGMENT, z3.Re("/"))))
        elif part.endswith("}"):
            parts.append(z3.Plus(SEGMENT))
        else:
            parts.append(z3.Re(part))
    return z3.Concat(*parts)


def _precedence(route: Mapping[str, Any]) -> tuple[list[int], bool]:
    kinds = [part.endswith("}") + part.endswith("+}") for part in route["path"].split("/")[1:]]
    return kinds, route["method"] == "ANY"


def elementary_spans(question: Mapping[str, Any]) -> Iterator[Span]:
    """Family, first and last address: within one span no block of the policy tells them apart."""
    blocks = list(_blocks(question))
    for version, bits in ((4, 32), (6, 128)):
        edges = {0, 1 << bits}
        for network in blocks:
            if network.version == version:
                edges |= {int(network.network_address), int(network.broadcast_address) + 1}
        ordered = sorted(edges)
        for first, after in pairwise(ordered):
            yield version, first, after - 1


def _blocks(question: Mapping[str, Any]) -> Iterator[Network]:
    for statement in question["policy"]["Statement"]:
        for operator, block in statement.get("Condition", {}).items():
            if operator != "Null":
                yield from map(_network, block.get("aws:SourceIp", ()))


def _network(value: str) -> Network:
    return ipaddress.ip_network(value, strict=False)
