"""AWS's words -> the model's. A word that is not known yet is None: unknown, neither open nor
closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.aws.asking import unknown_value
from monitor.model.api import AuthorizationType, Authorizer, AuthorizerKind, IpAddressType, Route
from monitor.model.gaps import Gap, Unknown


def authorization_type(value: object) -> AuthorizationType | None:
    try:
        return AuthorizationType(str(value))
    except ValueError:
        return None


def authorizer_kind(value: object) -> AuthorizerKind | None:
    try:
        return AuthorizerKind(str(value))
    except ValueError:
        return None


def ip_address_type(value: object) -> IpAddressType:
    """Anything that is not IPv4 alone is judged as both families: the wider reading."""
    return IpAddressType.IPV4 if value in (None, "ipv4") else IpAddressType.DUALSTACK


def unknown_guards(
    routes: Iterable[Route], *, service: str, operation: str, unknown: Unknown, subject: str
) -> Iterator[Gap]:
    """The gap of routes whose authorization nobody documented, if there are any."""
    strange = [route.key for route in routes if route.authorization is None]
    if strange:
        yield unknown_value(
            f"authorization of {', '.join(strange[:5])}",
            service=service,
            operation=operation,
            unknown=unknown,
            subject=subject,
        )


def unknown_kinds(
    authorizers: Iterable[Authorizer], *, service: str, operation: str, subject: str
) -> Iterator[Gap]:
    """The gap of authorizers of a kind that nobody documented, if there are any."""
    strange = [one.name or one.authorizer_id for one in authorizers if one.kind is None]
    if strange:
        yield unknown_value(
            f"type of authorizer {', '.join(strange[:5])}",
            service=service,
            operation=operation,
            unknown=Unknown.AUTHORIZERS,
            subject=subject,
        )
