"""The journal of a scan: whatever kills the writer, what was written whole is there."""

from __future__ import annotations

import io

import pytest

from monitor.stores.journal import Journal


def filled() -> tuple[Journal, io.BytesIO]:
    file = io.BytesIO()
    journal = Journal(file)
    journal.put("us-east-1/a", b'{"n": 1}')
    journal.put("us-east-1/b", b"b" * 5000)
    journal.put("us-east-1/a", b'{"n": 2}')
    return journal, file


def test_the_last_of_a_key_counts_and_the_order_is_that_of_the_first() -> None:
    journal, file = filled()

    for each in (journal, Journal(file)):
        assert [key for key, _ in each.items()] == ["us-east-1/a", "us-east-1/b"]
        assert each.get("us-east-1/a") == b'{"n": 2}'
        assert each.get("us-east-1/c") is None
        assert "us-east-1/b" in each
        assert len(each) == 2


@pytest.mark.parametrize("missing", range(1, 60, 7))
def test_a_torn_end_is_cut_off_and_written_over(missing: int) -> None:
    _journal, file = filled()
    journal = Journal(io.BytesIO(file.getvalue()[:-missing]))

    assert journal.get("us-east-1/a") == b'{"n": 1}'
    assert journal.get("us-east-1/b") == b"b" * 5000
    journal.put("us-east-1/c", b"c")
    assert journal.get("us-east-1/c") == b"c"


def test_what_was_written_over_a_torn_end_is_read_by_the_next() -> None:
    _journal, file = filled()
    torn = io.BytesIO(file.getvalue()[:-5])
    Journal(torn).put("us-east-1/c", b"c")

    assert dict(Journal(torn).items())["us-east-1/c"] == b"c"


def test_damage_ends_the_journal_before_it() -> None:
    _journal, file = filled()
    data = bytearray(file.getvalue())
    data[-20] ^= 1

    assert Journal(io.BytesIO(bytes(data))).get("us-east-1/a") == b'{"n": 1}'


def test_something_else_than_a_journal_is_an_empty_one() -> None:
    for data in (b"", b"{}", b"\xff" * 100, bytes(100)):
        assert len(Journal(io.BytesIO(data))) == 0


def test_cleared_is_empty_and_usable() -> None:
    journal, file = filled()
    journal.clear()
    assert (len(journal), file.getvalue()) == (0, b"")
    journal.put("k", b"v")

    assert dict(Journal(file).items()) == {"k": b"v"}
