"""`gatewatch scan` against an account over HTTP: what it costs, being killed, being refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bench.synthetic_account import QUERY, REGIONS, Bucket, Fault, Quotas, SyntheticAccount, serving
from click.testing import CliRunner, Result

from remediators.cli import main

FAST = ("--rate", "100000")
Given = Callable[..., SyntheticAccount]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """An account with these properties, behind the endpoint that clients find."""
    with ExitStack() as stack:

        def account(**fields: Any) -> SyntheticAccount:
            made = SyntheticAccount(**{"apis": 6, "routes": 4, **fields})
            monkeypatch.setenv("AWS_ENDPOINT_URL", stack.enter_context(serving(made)))
            return made

        yield account


def scan(*arguments: object, rate: tuple[str, ...] = FAST) -> Result:
    command = ["scan", "--format", "json", *rate, *map(str, arguments)]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def verdicts(result: Result) -> dict[str, str]:
    return {api["api_id"]: api["scope"] for api in answer(result)["apis"]}


@pytest.mark.parametrize("apis", [0, 1, 60])
def test_accounts_of_any_size_are_complete(given: Given, apis: int) -> None:
    account = given(apis=apis)
    result = scan()

    assert answer(result)["complete"] is True
    assert len(answer(result)["apis"]) == apis
    assert result.exit_code == (1 if apis else 0)
    assert account.counts["GetExport"] == 2 * apis
    assert account.counts["GetResources"] == account.counts["GetStages"] == apis
    assert account.counts["GetRestApi"] == 0


def test_a_second_scan_reads_no_export_and_answers_the_same(given: Given, tmp_path: Path) -> None:
    account = given()
    first = scan("--state", tmp_path)
    account.counts.clear()
    second = scan("--state", tmp_path)

    assert account.counts["GetExport"] == 0
    assert account.counts["GetStages"] == account.counts["GetResources"] == 6
    assert verdicts(second) == verdicts(first)
    ages = [[f["first_seen"] for f in answer(each)["findings"]] for each in (first, second)]
    assert ages[0] == ages[1] != []
    assert answer(second)["continued"] == []


def test_what_was_deployed_anew_is_exported_anew(given: Given, tmp_path: Path) -> None:
    account = given()
    scan("--state", tmp_path)
    account.counts.clear()
    account.deployed["api0000003"] += 1
    scan("--state", tmp_path)

    assert account.counts["GetExport"] == 2


def test_a_damaged_export_is_read_again(given: Given, tmp_path: Path) -> None:
    account = given()
    first = scan("--state", tmp_path)
    spoilt = sorted(tmp_path.rglob("exports/*"))[0]
    spoilt.write_bytes(spoilt.read_bytes()[:-3])
    account.counts.clear()
    second = scan("--state", tmp_path)

    assert account.counts["GetExport"] == 1
    assert verdicts(second) == verdicts(first)


def test_a_scan_that_was_killed_goes_on_where_it_was(given: Given, tmp_path: Path) -> None:
    before = given(apis=40, latency=0.01)
    state = tmp_path / "state"
    command = [sys.executable, "-c", "from remediators.cli import main; main()", "scan"]
    with subprocess.Popen([*command, "--state", str(state), *FAST], env=dict(os.environ)) as killed:
        deadline = time.monotonic() + 60
        while before.counts["GetStages"] < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.kill()
    # The same account at another address: the first may yet count what the killed one had sent.
    account = given(apis=40)
    result = scan("--state", state)

    document = answer(result)
    assert (result.exit_code, document["complete"]) == (1, True)
    assert len(document["apis"]) == 40
    skipped = document["continued"]
    assert 1 <= len(skipped) < 40
    assert f"{len(skipped)} APIs were judged already, and skipped" in result.stderr
    assert account.counts["GetStages"] == account.counts["GetResources"] == 40 - len(skipped)
    # What was in hand when it was killed is read again, but for the exports that were kept.
    assert account.counts["GetStages"] + before.counts["GetStages"] <= 40 + 10
    assert account.counts["GetExport"] + before.counts["GetExport"] <= 80 + 10
    assert document["started_at"] < document["finished_at"]

    account.counts.clear()
    assert answer(scan("--state", state))["continued"] == []
    assert account.counts["GetStages"] == 40


@pytest.mark.parametrize(
    "changed", [("--region", "eu-west-1"), ("--api", "api0000001"), ("--identities",)]
)
def test_another_scan_does_not_continue_this_one(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: tuple[str, ...]
) -> None:
    given()
    with monkeypatch.context() as patch:
        patch.setattr("monitor.cli.scan.put_out", _stopped)
        assert scan("--state", tmp_path).stdout == ""
    assert answer(scan("--state", tmp_path, *changed))["continued"] == []


def test_a_scan_stopped_long_ago_is_begun_anew(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given()
    monkeypatch.setattr("monitor.cli.state.CONTINUED_WITHIN", timedelta(0))
    with monkeypatch.context() as patch:
        patch.setattr("monitor.cli.scan.put_out", _stopped)
        scan("--state", tmp_path)

    assert answer(scan("--state", tmp_path))["continued"] == []


def test_a_scan_stopped_before_its_answer_was_out_answers_without_reading(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = given()
    with monkeypatch.context() as patch:
        patch.setattr("monitor.cli.scan.put_out", _stopped)
        assert scan("--state", tmp_path).stdout == ""
    account.counts.clear()

    document = answer(scan("--state", tmp_path))
    assert len(document["continued"]) == len(document["apis"]) == 6
    assert account.counts["GetStages"] == 0


def _stopped(*_arguments: object) -> None:
    raise SystemExit(9)


def test_ctrl_c_says_how_to_go_on(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given()

    def interrupted(*_arguments: object) -> Iterator[Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr("monitor.cli.judging.look_at_each", interrupted)
    result = scan("--state", tmp_path)

    assert result.exit_code == 130
    assert "the same command goes on from here" in result.stderr
    assert scan().stderr == "stopped\n"


def test_a_state_in_use_and_a_state_that_cannot_be_are_wrong_input(
    given: Given, tmp_path: Path
) -> None:
    given()
    (tmp_path / "file").touch()
    for folder, why in ((tmp_path / "file", "is a file"), (tmp_path / "file" / "x", "Not a dir")):
        result = scan("--state", folder)
        assert result.exit_code == 2
        assert why in result.stderr


def test_every_enabled_region_is_read(given: Given) -> None:
    account = given(apis=2)
    document = answer(scan("--all-regions"))

    assert document["regions"] == list(REGIONS)
    assert {(api["region"], api["api_id"]) for api in document["apis"]} == {
        (region, api) for region in REGIONS for api in ("api0000000", "api0000001")
    }
    assert account.counts["GetStages"] == document["calls"]["apigateway:GetStages"] == 4


def test_regions_that_cannot_be_listed_are_a_gap_and_all_are_tried(given: Given) -> None:
    given(apis=0, faults=[Fault("DescribeRegions", 403, "UnauthorizedOperation")])
    result = scan("--all-regions")

    (gap,) = answer(result)["gaps"]
    assert (gap["operation"], gap["error_code"]) == ("DescribeRegions", "UnauthorizedOperation")
    assert len(answer(result)["regions"]) > 20
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
    ],
)
def test_other_partitions_are_read_and_called_by_their_own_names(
    given: Given, monkeypatch: pytest.MonkeyPatch, partition: str, region: str, suffix: str
) -> None:
    given(apis=1, faults=[Fault("DescribeRegions", 403)])
    caller = f"<Arn>arn:{partition}:iam::123456789012:user/x</Arn><Account>123456789012</Account>"
    monkeypatch.setitem(QUERY, "GetCallerIdentity", caller)

    (finding, *_) = answer(scan("--region", region))["findings"]
    assert finding["witness"]["door"] == f"api0000000.execute-api.{region}.{suffix}"
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    regions = answer(scan("--all-regions"))["regions"]
    assert region in regions
    assert len(regions) == 2


def test_an_api_that_does_not_exist_is_named_in_the_answer(given: Given) -> None:
    given()
    result = scan("--api", "api0000001", "--api", "nosuchapi1")

    assert list(verdicts(result)) == ["api0000001"]
    (gap,) = answer(result)["gaps"]
    assert (gap["subject"], gap["message"]) == (
        "restapis/nosuchapi1",
        "no such API in us-east-1",
    )
    assert result.exit_code == 3


@pytest.mark.parametrize("operation", ["resources", "exports/oas30", "stages$"])
@pytest.mark.parametrize("status", [403, 500, 0])
def test_one_read_that_fails_spoils_one_api_and_never_looks_closed(
    given: Given, monkeypatch: pytest.MonkeyPatch, operation: str, status: int
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    given()
    expected = verdicts(scan())
    given(faults=[Fault(f"api0000003/.*{operation}|api0000003/{operation}", status)])
    result = scan()

    found = {api["api_id"]: api for api in answer(result)["apis"]}
    assert {id_: api["status"] for id_, api in found.items() if api["status"] != "judged"} == {
        "api0000003": "gaps"
    }
    assert answer(result)["complete"] is False
    del expected["api0000003"]
    assert {id_: scope for id_, scope in verdicts(result).items() if id_ in expected} == expected
    alone = scan("--api", "api0000003")
    assert alone.exit_code == 3
    (api,) = answer(alone)["apis"]
    assert "unknown" in (api["scope"], api["draft_scope"])


def test_an_endpoint_that_is_not_aws_is_a_gap_and_no_traceback(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    given()
    monkeypatch.setitem(QUERY, "GetCallerIdentity", "</html>")
    result = scan()

    (gap,) = answer(result)["gaps"]
    assert gap["operation"] == "GetCallerIdentity"
    assert result.exit_code == 3


def test_refused_requests_are_repeated_slower_and_told(given: Given) -> None:
    given(apis=12)
    expected = verdicts(scan())
    given(apis=12, faults=[Fault("/stages$", 429, "TooManyRequestsException", times=7)])
    result = scan()

    assert verdicts(result) == expected
    assert answer(result)["complete"] is True
    assert answer(result)["refused"] == {"apigateway:GetStages": 7}
    assert answer(result)["calls"]["apigateway:GetStages"] == 12 + 7
    assert result.stderr.count("refuses requests as too many (429)") == 1


def test_what_is_refused_to_the_end_is_a_gap_and_read_by_the_next_scan(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = given(faults=[Fault("api0000003/stages$", 429, "TooManyRequestsException")])
    with monkeypatch.context() as patch:
        patch.setattr("monitor.cli.scan.put_out", _stopped)
        scan("--state", tmp_path)
    account.faults.clear()
    result = scan("--state", tmp_path)

    assert answer(result)["complete"] is True
    assert len(answer(result)["continued"]) == 5


def test_no_request_is_refused_below_the_quota(given: Given) -> None:
    account = given(apis=12, quotas=Quotas(total=Bucket(200, 40), get_resources=Bucket(50, 20)))
    result = scan(rate=("--rate", "100"))

    assert account.refused.total() == 0
    assert answer(result)["refused"] == {}
    assert answer(result)["calls"]["apigateway:GetStages"] == 12
