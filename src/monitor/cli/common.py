"""What the commands share: options, exit codes, output, and the errors a person can do something
about."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from monitor.evaluation.org_policy import load_org_policy
from monitor.model.finding import Severity
from monitor.orgpolicy.load import OrgPolicyError, default_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from monitor.report.documents import FindingDocument, ScanDocument
from monitor.report.read_scan import NotAScan, read_scan
from monitor.report.verdict import is_open, is_undecided

F = TypeVar("F", bound=Callable[..., Any])


class Exit(IntEnum):
    """What the command's exit code says."""

    CLEAN = 0
    OPEN_FINDINGS = 1
    WRONG_INPUT = 2
    UNKNOWN = 3


class WrongInput(click.ClickException):
    """The command line or a file is wrong; the message says where and what was expected."""

    exit_code = Exit.WRONG_INPUT


def aws_options(command: F) -> F:
    """`--region`, `--profile` and `--rate`."""
    for option in (
        click.option(
            "--rate",
            type=click.FloatRange(min=0, min_open=True),
            default=5.0,
            show_default=True,
            help="Requests to API Gateway a second; AWS allows the account 10, for everybody.",
        ),
        click.option("--profile", help="Named profile of the AWS configuration."),
    ):
        command = option(command)
    return command


def judging_options(command: F) -> F:
    """`--org-policy`, `--fail-on`."""
    for option in (
        click.option(
            "--fail-on",
            type=click.Choice([severity.value for severity in Severity]),
            default=Severity.LOW.value,
            show_default=True,
            help="Exit with 1 from this severity on.",
        ),
        click.option(
            "--org-policy",
            "org_policy_file",
            type=click.Path(path_type=Path),
            help="Your org policy (YAML). Without it: no public access but to APIs tagged "
            "`exposure: public`.",
        ),
    ):
        command = option(command)
    return command


def org_policy(file: Path | None) -> OrgPolicy:
    """Raises WrongInput."""
    if file is None:
        return default_org_policy()
    try:
        return load_org_policy(read_text(file), str(file))
    except OrgPolicyError as error:
        raise wrong_file(file, error) from error


def wrong_file(file: Path, error: OrgPolicyError) -> WrongInput:
    """Everything that is wrong with an org policy or its cases, a line for each mistake."""
    mistakes = str(error).splitlines()
    if len(mistakes) == 1:
        return WrongInput(mistakes[0])
    return WrongInput("\n".join((f"{file} has {len(mistakes)} mistakes", *mistakes)))


def read_text(file: Path) -> str:
    """Raises WrongInput."""
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise WrongInput(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise WrongInput(f"{file}: not UTF-8 at byte {error.start}") from error


def read_scan_file(file: Path) -> ScanDocument:
    """A scan's JSON; `-` is standard input. Raises WrongInput."""
    name = "standard input" if str(file) == "-" else str(file)
    try:
        return read_scan(_standard_input() if str(file) == "-" else read_text(file))
    except NotAScan as error:
        raise WrongInput(f"{name}:{error.line}:{error.column}: {error}") from error


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongInput(f"standard input: not UTF-8 at byte {error.start}") from error


def parse_json(text: str, name: str) -> Any:
    """Raises WrongInput with line and column."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise WrongInput(f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise WrongInput(f"{name}: nested too deeply to be read") from error


def put_out(answer: str | Iterable[str], output: Path | None) -> None:
    """Text, or the parts of one. Raises WrongInput if the file cannot be written."""
    parts = [answer] if isinstance(answer, str) else answer
    if output is None:
        for part in parts:
            click.echo(part, nl=False)
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            file.writelines(parts)
    except OSError as error:
        raise WrongInput(f"{output}: {error.strerror or error}") from error


def finish(findings: Iterable[FindingDocument], *, complete: bool, fail_on: Severity) -> NoReturn:
    """End the process with the exit code that the answer deserves."""
    findings = tuple(findings)
    if any(is_open(finding) and finding.severity.at_least(fail_on) for finding in findings):
        sys.exit(Exit.OPEN_FINDINGS)
    if not complete or any(map(is_undecided, findings)):
        sys.exit(Exit.UNKNOWN)
    sys.exit(Exit.CLEAN)
