from monitor.model.access import Scope, widest


def test_an_unknown_scope_is_never_hidden_by_a_narrower_one() -> None:
    assert widest(Scope.NOBODY, Scope.UNKNOWN, Scope.TOKEN) is Scope.UNKNOWN


def test_a_proven_public_scope_wins_over_an_unknown_one() -> None:
    assert widest(Scope.UNKNOWN, Scope.ANY_AWS_ACCOUNT) is Scope.ANY_AWS_ACCOUNT


def test_nothing_at_all_is_nobody() -> None:
    assert widest() is Scope.NOBODY
