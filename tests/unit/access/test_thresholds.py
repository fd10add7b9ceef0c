from __future__ import annotations

import pytest

from monitor.access.thresholds import Thresholds
from monitor.model.access import Scope
from monitor.model.addresses import V4, V6, AddressSet

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@pytest.mark.parametrize(
    ("cidrs", "scope"),
    [
        ((), Scope.NOBODY),
        (("0.0.0.0/0",), Scope.INTERNET),
        (("0.0.0.0/1", "128.0.0.0/1"), Scope.INTERNET),
        (("::/0", "1.2.3.4"), Scope.INTERNET),
        (("0.0.0.0/1",), Scope.BROAD_CIDR),
        (("8.0.0.0/8", "9.0.0.0/32"), Scope.BROAD_CIDR),
        (("8.0.0.0/8",), Scope.CIDRS),
        (PRIVATE, Scope.CIDRS),
        (("fc00::/7",), Scope.CIDRS),
        (("2600::/31",), Scope.BROAD_CIDR),
        (("2600::/32", "2700::/32"), Scope.CIDRS),
    ],
)
def test_scope_of_addresses(cidrs: tuple[str, ...], scope: Scope) -> None:
    assert Thresholds().scope_of(AddressSet.of_cidrs(cidrs)) is scope


@pytest.mark.parametrize(
    ("missing", "scope"),
    [
        (("192.0.2.0/24",), Scope.INTERNET_EXCEPT_CIDRS),
        (("8.0.0.0/8",), Scope.INTERNET_EXCEPT_CIDRS),
        (PRIVATE, Scope.INTERNET_EXCEPT_CIDRS),
        (("8.0.0.0/7",), Scope.BROAD_CIDR),
    ],
)
def test_what_is_missing_from_the_internet(missing: tuple[str, ...], scope: Scope) -> None:
    assert Thresholds().scope_of(V4 - AddressSet.of_cidrs(missing)) is scope


def test_one_whole_family_is_the_internet() -> None:
    assert Thresholds().scope_of((V4 - AddressSet.of_cidrs(("8.0.0.0/7",))) | V6) is Scope.INTERNET


def test_the_border_is_a_setting() -> None:
    strict = Thresholds(ipv4_addresses=255)
    assert strict.scope_of(AddressSet.of_cidrs(("8.8.8.0/24",))) is Scope.BROAD_CIDR
