from __future__ import annotations

import ipaddress
from random import Random

import pytest

from monitor.model.addresses import EVERYWHERE, V4, V6, AddressSet, cidr_span, position


def test_two_halves_are_the_whole_family() -> None:
    assert AddressSet.of_cidrs(("0.0.0.0/1", "128.0.0.0/1")) == V4
    assert V4.cidrs() == ("0.0.0.0/0",)
    assert V6.cidrs() == ("::/0",)
    assert EVERYWHERE.cidrs() == ("0.0.0.0/0", "::/0")


def test_host_bits_are_ignored_and_a_bare_address_is_one_host() -> None:
    assert AddressSet.of_cidrs(("123.4.5.6/24",)).cidrs() == ("123.4.5.0/24",)
    assert AddressSet.of_cidrs(("123.4.5.6", "::1")).cidrs() == ("123.4.5.6/32", "::1/128")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.4/33",
        "1.2.3.4/",
        "1.2.3.4/-1",
        "::/129",
        "1.2.3.4/255.0.0.0",
        "::1%eth0",
    ],
)
def test_what_is_no_block_has_no_span(text: str) -> None:
    assert cidr_span(text) is None


@pytest.mark.parametrize("seed", range(20))
def test_cidrs_are_the_fewest_blocks(seed: int) -> None:
    rng = Random(seed)
    blocks = [
        ipaddress.ip_network((rng.getrandbits(32), rng.randrange(20, 33)), strict=False)
        for _ in range(6)
    ]
    expected = tuple(map(str, ipaddress.collapse_addresses(blocks)))
    assert AddressSet.of_cidrs(map(str, blocks)).cidrs() == expected


def test_the_complement_keeps_the_other_family() -> None:
    rest = AddressSet.of_cidrs(("0.0.0.0/0",)).complement()
    assert rest == V6
    assert position("::") in rest
