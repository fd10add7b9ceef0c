"""Which class an API, a stage or a route is of, and which callers that lets in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ACCOUNT, configuration, rest_api, route

from monitor.model.addresses import EVERYWHERE, AddressSet
from monitor.model.api import ApiId, ApiType, Stage
from monitor.model.callers import (
    ANONYMOUS,
    EVERY_CALLER,
    NO_CALLERS,
    OTHERS,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    CallerSet,
    Credential,
    NameSet,
    PrincipalKind,
    only,
)
from monitor.model.organization import Organization
from monitor.orgpolicy.bounds import bound_for, bounds_of, classes_of, places_of
from monitor.orgpolicy.load import load_org_policy
from monitor.orgpolicy.resolve import resolve
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.sets import ALONE, NAMED, AllOf, AnyOf, Expression, clause, read_set

ORGANIZATION = """\
organization:
  id: o-a1b2c3d4e5
  accounts: {payments: "111111111111", retail: "222222222222"}
  partners: {acme: "444444444444"}
  networks: {office: [198.51.100.0/24, 2001:db8::/32], depot: 203.0.113.0/24}
  vpcs: {core: vpc-0a1b2c3d}
  vpc_endpoints: {core: vpce-0a1b2c3d}
  token_issuers: {staff: https://login.example/staff}
  user_pools: {customers: "arn:aws:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_Ab"}
  authorizer_functions: {shop: "arn:aws:lambda:eu-west-1:111111111111:function:shop:live"}
"""

POLICY_HEAD = f"version: 1\n{ORGANIZATION}"


def policy(*classes: str) -> OrgPolicy:
    entries = "\n".join(f"  - {one}" for one in classes)
    return load_org_policy(f"{POLICY_HEAD}classes:\n{entries}\n  - {{name: rest, allowed: nobody}}")


def allowed(expression: str, own_account: str = ACCOUNT) -> CallerSet:
    found = policy(f"{{name: it, allowed: {expression}}}")
    api = ApiId(account_id=own_account, region="eu-west-1", api_id="a1b2c3d4e5")
    bound = bound_for(found, rest_api(api=api))
    assert bound.class_name == "it"
    assert bound.allowed is not None
    return bound.allowed


def caller(
    *,
    endpoint: str = "",
    vpc: str = "",
    address: str = "8.8.8.8/32",
    account: str = OTHERS,
    organization: str = OTHERS,
    signed: bool = False,
    holding: tuple[Credential, ...] = (),
    issuer: str = "",
) -> CallerSet:
    principal = ANONYMOUS
    if signed or account is not OTHERS or organization is not OTHERS:
        principal = CallerPrincipal(PrincipalKind.SIGNED, account, OTHERS, organization)
    private = bool(endpoint or vpc)
    return CallerSet(
        (
            CallerBox(
                network=CallerNetwork.VPC_ENDPOINT if private else CallerNetwork.INTERNET,
                principals=frozenset({principal}),
                addresses=EVERYWHERE if private else AddressSet.of_cidrs((address,)),
                endpoints=only(endpoint) if endpoint else NameSet(),
                vpcs=only(vpc) if vpc else NameSet(),
                credentials=frozenset(holding),
                token_issuers=only(issuer) if issuer else NameSet(),
            ),
        )
    )


STAFF = "https://login.example/staff"
POOL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab"
SHOP = "arn:aws:lambda:eu-west-1:111111111111:function:shop"
TOKEN = (Credential.TOKEN,)


@pytest.mark.parametrize(
    ("expression", "who", "gets_in"),
    [
        ("anyone", caller(), True),
        ("nobody", caller(), False),
        ("our organisation", caller(organization="o-a1b2c3d4e5"), True),
        ("our organization", caller(organization="o-a1b2c3d4e5"), True),
        ("our organisation", caller(organization="o-zzzzzzzzzz"), False),
        ("our organisation", caller(account="111111111111"), True),
        ("our organisation", caller(account=ACCOUNT), True),
        ("our organisation", caller(account="444444444444"), False),
        ("our organisation", caller(), False),
        ("own account", caller(account=ACCOUNT), True),
        ("own account", caller(account="111111111111"), False),
        ("account payments", caller(account="111111111111"), True),
        ("account payments", caller(account="222222222222"), False),
        ("account payments", caller(account="111111111111", endpoint="vpce-1"), True),
        ("our accounts", caller(account="222222222222"), True),
        ("partner acme", caller(account="444444444444"), True),
        ("our partners", caller(account="444444444444"), True),
        ("our partners", caller(account="111111111111"), False),
        ("network office", caller(address="198.51.100.7/32"), True),
        ("network office", caller(address="2001:db8::1/128"), True),
        ("network office", caller(address="203.0.113.7/32"), False),
        ("network office", caller(endpoint="vpce-0a1b2c3d"), False),
        ("our networks", caller(address="203.0.113.7/32"), True),
        ("vpc core", caller(vpc="vpc-0a1b2c3d"), True),
        ("vpc core", caller(vpc="vpc-99999999"), False),
        ("vpc core", caller(endpoint="vpce-0a1b2c3d"), False),
        ("our vpcs", caller(vpc="vpc-0a1b2c3d"), True),
        ("vpc endpoint core", caller(endpoint="vpce-0a1b2c3d"), True),
        ("vpc endpoint core", caller(), False),
        ("our vpc endpoints", caller(endpoint="vpce-0a1b2c3d"), True),
        ("our vpc endpoints", caller(endpoint="vpce-99999999"), False),
        ("any vpc endpoint", caller(endpoint="vpce-99999999"), True),
        ("any vpc endpoint", caller(), False),
        ("token holders", caller(holding=TOKEN, issuer="https://other"), True),
        ("token holders", caller(holding=TOKEN), True),
        ("token holders", caller(holding=(Credential.API_KEY,)), False),
        ("token holders of staff", caller(holding=TOKEN, issuer=STAFF), True),
        ("token holders of staff", caller(holding=TOKEN, issuer=STAFF + "/"), True),
        ("token holders of staff", caller(holding=TOKEN, issuer="https://other"), False),
        ("token holders of staff", caller(holding=TOKEN), False),
        ("token holders of customers", caller(holding=TOKEN, issuer=POOL), True),
        ("'token holders of staff, customers and shop'", caller(holding=TOKEN, issuer=SHOP), True),
        ("api key holders", caller(holding=(Credential.API_KEY,)), True),
        ("client certificate", caller(holding=(Credential.CLIENT_CERTIFICATE,)), True),
        ("client certificate", caller(holding=TOKEN), False),
        ("[network office, partner acme]", caller(account="444444444444"), True),
        ("{any_of: [network office, partner acme]}", caller(account="444444444444"), True),
        ("{all_of: [network office, partner acme]}", caller(account="444444444444"), False),
        (
            "{all_of: [network office, partner acme]}",
            caller(account="444444444444", address="198.51.100.1/32"),
            True,
        ),
        (
            "{all_of: [token holders of staff, [network depot, api key holders]]}",
            caller(holding=(Credential.TOKEN, Credential.API_KEY), issuer=STAFF),
            True,
        ),
        (
            "{all_of: [token holders of staff, [network depot, api key holders]]}",
            caller(holding=TOKEN, issuer=STAFF),
            False,
        ),
    ],
)
def test_who_is_in_a_set(expression: str, who: CallerSet, gets_in: bool) -> None:
    assert (who.is_within(allowed(expression)) is None) is gets_in


def test_without_an_organization_id_our_accounts_are_the_organisation() -> None:
    found = load_org_policy(
        'version: 1\norganization: {accounts: {a: "111111111111"}}\n'
        "classes: [{name: it, allowed: our organisation}]\n"
    )
    bound = bound_for(found, rest_api())

    assert bound.allowed is not None
    assert caller(account="111111111111").is_within(bound.allowed) is None
    assert caller(organization="o-a1b2c3d4e5").is_within(bound.allowed) is not None


def test_no_public_access_is_no_set() -> None:
    bound = bound_for(policy("{name: it, allowed: no-public-access}"), rest_api())

    assert (bound.allowed, bound.clause) == (None, "allowed: no-public-access")


def test_a_clause_is_one_line_that_reads_like_the_file() -> None:
    text = "[our organisation, {all_of: [partner acme, {any_of: [network office, vpc core]}]}]"

    assert bound_for(policy(f"{{name: it, allowed: {text}}}"), rest_api()).clause == (
        "allowed: our organisation or (partner acme and (network office or vpc core))"
    )


def test_every_set_has_a_meaning() -> None:
    ours = policy("{name: it, allowed: anyone}").organization.resolved()
    names = {"account": "payments", "partner": "acme", "network": "office"}
    words = [*ALONE, *(f"{kind} {names.get(kind, 'core')}" for kind in NAMED)]
    words.remove("no-public-access")

    for word in words:
        read = read_set(word)
        assert read is not None
        is_nobody = word in ("nobody", "token holders of core")
        assert (resolve(word, ours, ACCOUNT) == NO_CALLERS) is is_nobody, word


_words = st.sampled_from(
    ["anyone", "nobody", "our organisation", "partner acme", "network office", "network depot",
     "vpc endpoint core", "any vpc endpoint", "token holders", "token holders of staff",
     "api key holders", "client certificate"]
)  # fmt: skip
_expressions = st.recursive(
    _words,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(
            [tuple(parts), AnyOf(any_of=tuple(parts)), AllOf(all_of=tuple(parts))]
        )
    ),
    max_leaves=6,
)
_ORGANIZATION = policy("{name: it, allowed: anyone}").organization.resolved()


def _resolved(expression: Expression, ours: Organization = _ORGANIZATION) -> CallerSet:
    return resolve(expression, ours, ACCOUNT)


@given(_expressions, _expressions)
def test_and_narrows_and_or_widens(one: Expression, two: Expression) -> None:
    both, either = _resolved(AllOf(all_of=(one, two))), _resolved(AnyOf(any_of=(one, two)))

    for side in (_resolved(one), _resolved(two)):
        assert both.is_within(side) is None
        assert side.is_within(either) is None
    assert either.is_within(EVERY_CALLER) is None


@given(_expressions)
def test_every_set_that_a_clause_names_is_in_the_expression(expression: Expression) -> None:
    text = clause(expression)

    assert text.count("(") == text.count(")")
    assert text


PAYMENTS_EU = ApiId(account_id="111111111111", region="eu-west-1", api_id="x")
PAYMENTS_US = ApiId(account_id="111111111111", region="us-east-1", api_id="x")

CLASSES = (
    "{name: health, select: {route: 'GET /health'}, allowed: anyone}",
    "{name: admin, select: {route: ['/admin', '/admin/*']}, allowed: network office}",
    "{name: live, select: {stage: [prod, prod-*], tags: {team: [a, 'b-*']}}, allowed: [vpc core]}",
    "{name: mine, select: {account: payments, region: 'eu-*'}, allowed: own account}",
    "{name: sockets, select: {api_type: [WEBSOCKET, HTTP]}, allowed: token holders}",
    "{name: named, select: {name: ['pay-*', ledger], api: a1b2c3d4e5}, allowed: nobody}",
)


@pytest.mark.parametrize(
    ("fields", "place", "name"),
    [
        ({}, ("", ""), "rest"),
        ({}, ("prod", ""), "rest"),
        ({}, ("prod", "GET /health"), "health"),
        ({}, ("", "GET /health"), "health"),
        ({}, ("prod", "POST /health"), "rest"),
        ({}, ("prod", "POST /admin/users/{id}"), "admin"),
        ({}, ("prod", "ANY /admin"), "admin"),
        ({}, ("prod", "ANY /administration"), "rest"),
        ({"tags": {"team": "a"}}, ("prod", ""), "live"),
        ({"tags": {"team": "b-2"}}, ("prod-eu", "GET /x"), "live"),
        ({"tags": {"team": "a"}}, ("dev", ""), "rest"),
        ({"tags": {"team": "a"}}, ("", ""), "rest"),
        ({"tags": {"team": "A"}}, ("prod", ""), "rest"),
        ({"tags": {"team": "a"}}, ("prod", "GET /health"), "health"),
        ({"api": PAYMENTS_EU}, ("", ""), "mine"),
        ({"api": PAYMENTS_US}, ("", ""), "rest"),
        ({"api_type": ApiType.WEBSOCKET}, ("", ""), "sockets"),
        ({"name": "pay-out"}, ("", ""), "named"),
        ({"name": "ledger"}, ("prod", ""), "named"),
        ({"name": "ledgers"}, ("prod", ""), "rest"),
    ],
)  # fmt: skip
def test_the_first_class_that_selects_a_place_counts(
    fields: dict[str, Any], place: tuple[str, str], name: str
) -> None:
    snapshot = rest_api(**fields)
    found = policy(*CLASSES)

    assert bound_for(found, snapshot, *place).class_name == name
    bounds = bounds_of(found, snapshot, [place])
    assert bounds.of_places.get(place, bounds.of_api).class_name == name


def test_all_places_of_an_api_have_the_bound_that_each_has_alone() -> None:
    live = configuration(route("GET /health"), route("GET /admin/x"), route("GET /orders"))
    snapshot = rest_api(
        live,
        configuration(route("GET /admin/new")),
        tags={"team": "a"},
        stages=(Stage(name="prod", deployment_id="d1"), Stage(name="dev", deployment_id="d1")),
    )
    found = policy(*CLASSES)
    places = list(places_of(snapshot))
    bounds = bounds_of(found, snapshot, places)

    assert ("prod", "GET /admin/new") in places
    for place in places:
        assert bounds.of_places.get(place, bounds.of_api) == bound_for(found, snapshot, *place)
    assert classes_of(found, snapshot, places) == ("health", "admin", "live", "rest")
