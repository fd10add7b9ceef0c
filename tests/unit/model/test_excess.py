"""How a caller who gets in is put into words."""

from __future__ import annotations

import pytest

from monitor.model.addresses import EVERYWHERE, AddressSet, cidr_span
from monitor.model.callers import (
    ANONYMOUS,
    ANY_NAME,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    NameSet,
    PrincipalKind,
    only,
)
from monitor.model.excess import who

OWN = "111122223333"
SIGNED = CallerPrincipal(PrincipalKind.SIGNED, account="999900001111")
OURS = only("vpce-0a", "vpce-0b", "vpce-0c", "vpce-0d")


@pytest.mark.parametrize(
    ("principal", "vpcs", "endpoints", "words"),
    [
        (ANONYMOUS, ANY_NAME, ANY_NAME, "anyone through any VPC endpoint"),
        (ANONYMOUS, ANY_NAME, only("vpce-0a"), "anyone through the VPC endpoint vpce-0a"),
        (ANONYMOUS, only("vpc-0a"), ANY_NAME, "anyone through any VPC endpoint of vpc-0a"),
        (
            ANONYMOUS,
            only("vpc-0a"),
            NameSet(frozenset({"vpce-0a"})),
            "anyone through any VPC endpoint of vpc-0a other than vpce-0a",
        ),
        (
            SIGNED,
            ANY_NAME,
            NameSet(OURS.names),
            "principals of the AWS account 999900001111 through any VPC endpoint other than "
            "vpce-0a, vpce-0b, vpce-0c and 1 more",
        ),
    ],
)
def test_a_way_through_a_vpc_names_what_there_is_and_invents_nothing(
    principal: CallerPrincipal, vpcs: NameSet, endpoints: NameSet, words: str
) -> None:
    box = CallerBox(
        network=CallerNetwork.VPC_ENDPOINT,
        principals=frozenset({principal}),
        addresses=EVERYWHERE,
        vpcs=vpcs,
        endpoints=endpoints,
    )

    assert who(box.one(), OWN) == words


@pytest.mark.parametrize(
    ("cidr", "words"),
    [
        ("0.0.0.0/0", "anyone on the internet"),
        ("203.0.113.0/24", "anyone at an address such as 203.0.113.0"),
    ],
)
def test_of_the_whole_internet_no_address_is_an_example(cidr: str, words: str) -> None:
    span = cidr_span(cidr)
    assert span is not None
    box = CallerBox(
        network=CallerNetwork.INTERNET,
        principals=frozenset({ANONYMOUS}),
        addresses=AddressSet((span,)),
    )

    assert who(box.one(), OWN) == words
