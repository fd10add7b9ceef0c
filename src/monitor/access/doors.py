"""The doors that lead to a stage.

Sources: API Gateway guide, "Disable the default endpoint", "IP address types", "Mutual TLS", "API
mappings", "Custom domain names for private APIs".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.access.circumstances import Network
from monitor.access.codes import Code
from monitor.model.access import Door, DoorKind, Reason
from monitor.model.addresses import EVERYWHERE, V4, AddressSet
from monitor.model.api import (
    ApiSnapshot,
    CustomDomain,
    DomainMapping,
    EndpointType,
    IpAddressType,
)

_PUBLIC = frozenset({EndpointType.EDGE, EndpointType.REGIONAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor:
    """A door through which callers come. `proven` False: nothing read rules it out, but it was not
    seen either. `private_domain`: its own policy has to allow as well."""

    door: Door
    network: Network
    families: AddressSet
    needs_certificate: bool = False
    proven: bool = True
    private_domain: CustomDomain | None = None
    base_path: str = ""


@dataclass(frozen=True, slots=True)
class Doors:
    open: tuple[OpenDoor, ...]
    closed: tuple[Reason, ...]


def doors_to(snapshot: ApiSnapshot, stage: str) -> Doors:
    found = tuple(_doors(snapshot, stage))
    closed: tuple[Reason, ...] = ()
    if snapshot.disable_default_endpoint:
        closed = (Reason(code=Code.DOOR_DISABLED, place="disableExecuteApiEndpoint"),)
    return Doors(found, closed)


def _doors(snapshot: ApiSnapshot, stage: str) -> Iterator[OpenDoor]:
    types = set(snapshot.endpoint_types)
    public = not types or bool(types & _PUBLIC)
    if not snapshot.disable_default_endpoint:
        yield from _default_endpoints(snapshot, public)
    for domain in snapshot.custom_domains or ():
        for mapping in domain.mappings:
            if mapping.stage in ("", stage):
                yield from _domain(snapshot, domain, mapping, public)
    if snapshot.custom_domains is None and public:
        # The domains were not read: one of the widest kind may exist.
        door = Door(kind=DoorKind.CUSTOM_DOMAIN, host="custom-domain.invalid", assumed=True)
        yield OpenDoor(door=door, network=Network.INTERNET, families=EVERYWHERE, proven=False)


def _default_endpoints(snapshot: ApiSnapshot, public: bool) -> Iterator[OpenDoor]:
    host = default_host(snapshot)
    if public:
        known = bool(snapshot.endpoint_types)
        yield OpenDoor(
            door=Door(kind=DoorKind.DEFAULT_ENDPOINT, host=host, assumed=not known),
            network=Network.INTERNET,
            families=_families(snapshot.ip_address_type),
            proven=known,
        )
    if EndpointType.PRIVATE in snapshot.endpoint_types or not snapshot.endpoint_types:
        # A private API always admits both families.
        yield OpenDoor(
            door=Door(kind=DoorKind.VPC_ENDPOINT, host=host, assumed=not snapshot.endpoint_types),
            network=Network.VPC_ENDPOINT,
            families=EVERYWHERE,
            proven=bool(snapshot.endpoint_types),
        )


def _domain(
    snapshot: ApiSnapshot, domain: CustomDomain, mapping: DomainMapping, public: bool
) -> Iterator[OpenDoor]:
    """A domain is a door only to an API of its own kind: a private one to private APIs."""
    door = Door(kind=DoorKind.CUSTOM_DOMAIN, host=domain.domain_name)
    base_path = "" if mapping.base_path == "(none)" else mapping.base_path.strip("/")
    if domain.endpoint_type is not EndpointType.PRIVATE:
        if public:
            yield OpenDoor(
                door=door,
                network=Network.INTERNET,
                families=_families(domain.ip_address_type),
                needs_certificate=domain.mutual_tls,
                proven=bool(snapshot.endpoint_types),
                base_path=base_path,
            )
    elif EndpointType.PRIVATE in snapshot.endpoint_types or not snapshot.endpoint_types:
        yield OpenDoor(
            door=door,
            network=Network.VPC_ENDPOINT,
            families=EVERYWHERE,
            needs_certificate=domain.mutual_tls,
            proven=bool(snapshot.endpoint_types),
            private_domain=domain,
            base_path=base_path,
        )


def _families(kind: IpAddressType) -> AddressSet:
    return EVERYWHERE if kind is IpAddressType.DUALSTACK else V4


def default_host(snapshot: ApiSnapshot) -> str:
    suffix = "amazonaws.com.cn" if snapshot.api.partition == "aws-cn" else "amazonaws.com"
    return f"{snapshot.api.api_id}.execute-api.{snapshot.api.region}.{suffix}"
