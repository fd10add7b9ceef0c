"""Reading policies: both forms, places, and every fault as a value."""

from __future__ import annotations

import json

import pytest

from monitor.iampolicy.document import (
    Effect,
    PrincipalKind,
    Problem,
    ProblemCode,
    Statement,
    Version,
    parse,
)

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "a/*"}


def only_statement(**patch: object) -> Statement:
    text = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW | patch]})
    return parse(text).statements[0]


def as_returned(text: str) -> str:
    """The form in which GetRestApi returns a policy: the inside of a JSON string."""
    return json.dumps(text).strip('"').replace("/", "\\/")


def test_every_part_knows_its_place() -> None:
    statement = only_statement(
        Principal={"AWS": ["*", "123456789012"]},
        Condition={"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/24"]}},
    )
    assert statement.principal is not None
    assert statement.principal.items[1].place == "Statement[0].Principal.AWS[1]"
    (condition,) = statement.conditions
    assert condition.place == "Statement[0].Condition.IpAddress.aws:SourceIp"
    assert condition.values[1].place == f"{condition.place}[1]"


def test_the_returned_form_reads_like_the_plain_one() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": ALLOW | {"Resource": 'a\\b"c/*'}})
    assert parse(as_returned(text)) == parse(text)
    assert parse(json.dumps(text)) == parse(text)


def test_a_backslash_of_the_policy_survives() -> None:
    text = json.dumps({"Statement": ALLOW | {"Resource": r"a\b"}})
    resource = parse(as_returned(text)).statements[0].resource
    assert resource is not None
    assert resource.items[0].text == r"a\b"


def test_a_single_statement_may_stand_without_a_list() -> None:
    document = parse(json.dumps({"Statement": ALLOW}))
    assert document.version is Version.V2008
    assert document.statements[0].place == "Statement"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ProblemCode.NOT_JSON),
        ("not json", ProblemCode.NOT_JSON),
        ('{"Statement": NaN}', ProblemCode.NOT_JSON),
        ('{"Statement": 1' + "0" * 5000 + "}", None),
        ("[" * 100_000, ProblemCode.TOO_DEEP),
        ('{"Statement":' * 15_000, ProblemCode.TOO_DEEP),
        ("[]", ProblemCode.NOT_AN_OBJECT),
        ("5", ProblemCode.NOT_AN_OBJECT),
        ("null", ProblemCode.NOT_AN_OBJECT),
        ("{}", ProblemCode.MISSING),
        ('{"Version": "2012-10-18", "Statement": []}', ProblemCode.UNKNOWN_VERSION),
        ('{"Statement": [], "Statements": []}', ProblemCode.UNKNOWN_ELEMENT),
        ('{"Statement": [], "Statement": []}', ProblemCode.DUPLICATE_KEY),
        (" " * 300_000, ProblemCode.TOO_LARGE),
    ],
)
def test_an_unreadable_document_is_a_value(text: str, code: ProblemCode | None) -> None:
    document = parse(text)
    assert document.readable is (code is None)
    if code is not None:
        assert document.problems[0].code is code


def test_a_key_twice_anywhere_spoils_the_document() -> None:
    document = parse('{"Statement": [{"Condition": {"Bool": {"a": "1", "b": "2", "a": "3"}}}]}')
    assert document.problems == (
        Problem(ProblemCode.DUPLICATE_KEY, "Statement[0].Condition.Bool.a"),
    )


def test_unquoted_condition_values_are_text() -> None:
    statement = only_statement(Condition={"Bool": {"aws:SecureTransport": [True, 1.50]}})
    assert [value.text for value in statement.conditions[0].values] == ["true", "1.5"]


@pytest.mark.parametrize(
    ("patch", "place", "code"),
    [
        ({"Effect": "allow"}, "Statement[0].Effect", ProblemCode.UNKNOWN_EFFECT),
        ({"Action": [5]}, "Statement[0].Action[0]", ProblemCode.NOT_TEXT),
        ({"Resource": "\ud800"}, "Statement[0].Resource", ProblemCode.NOT_TEXT),
        ({"Principal": {"Aws": "*"}}, "Statement[0].Principal.Aws", None),
        ({"Principal": ["x"]}, "Statement[0].Principal[0]", ProblemCode.BARE_PRINCIPAL),
        ({"NotAction": "x"}, "Statement[0].NotAction", ProblemCode.CONTRADICTION),
        ({"Conditions": {}}, "Statement[0].Conditions", ProblemCode.UNKNOWN_ELEMENT),
        ({"Condition": {"Bool": 3}}, "Statement[0].Condition.Bool", ProblemCode.NOT_AN_OBJECT),
        ({"Condition": 3}, "Statement[0].Condition", ProblemCode.NOT_AN_OBJECT),
    ],
)
def test_a_fault_in_a_statement_keeps_the_rest(
    patch: dict[str, object], place: str, code: ProblemCode | None
) -> None:
    document = parse(json.dumps({"Statement": [ALLOW, ALLOW | patch]}).replace("[0]", "[0]"))
    problem = document.problems[0]
    assert document.readable
    assert document.statements[0].problems == ()
    assert problem.place == place.replace("[0]", "[1]", 1)
    assert problem.code is (code or ProblemCode.UNKNOWN_PRINCIPAL_TYPE)


def test_missing_elements_are_none() -> None:
    statement = parse(json.dumps({"Statement": {"Effect": "Deny"}})).statements[0]
    assert statement.effect is Effect.DENY
    assert (statement.principal, statement.action, statement.resource) == (None, None, None)


def test_everyone_in_a_bare_list_is_told_from_everyone() -> None:
    principal = only_statement(Principal=["*"]).principal
    assert principal is not None
    assert principal.items[0].kind is PrincipalKind.EVERYONE_BARE
