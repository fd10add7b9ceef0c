"""`make deploy`: asks what a deployment needs, says why, and calls the SAM CLI.

python tools/deploy.py SAM [--stack NAME] [--region R] [--profile P] [--yes]

Answers are kept in deploy-answers.json and offered the next time; a token is not. `--yes` asks
nothing and takes them, for a pipeline.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ROOT / "deploy-answers.json"
WHY = {
    "SlackChannel": "Where alerts go. Invite the app to it (docs/slack-setup.md).",
    "SlackBotToken": "Not kept in the answers; empty = put it into the secret later.",
    "OrgPolicySource": "What is allowed. `packaged` until you have written your own.",
    "OrgPolicyLocation": "Where your org policy stands.",
    "OtherRegions": "More regions, with commas; each needs deploy/forwarder.yaml as well.",
    "AlarmTopicArn": "Alarms about Gatewatch itself also reach you when Slack does not.",
    "KmsKeyArn": "Only if your house asks for a key of its own.",
    "PermissionsBoundaryArn": "Only if your house asks for one on every role.",
}
"""Asked one by one; every other parameter keeps its default unless the answers name it."""

SECRET = frozenset({"SlackBotToken"})

Ask = Callable[[str], str]


@dataclass(frozen=True)
class Found:
    """What the account has already. `deployed`: the parameters of the stack, None = there is none
    yet. `table`: left behind by an earlier stack of that name."""

    account: str
    deployed: dict[str, str] | None
    has_trail: bool | None
    table: str = ""
    stream: str = ""


def look(session: Any, stack: str) -> Found:
    """Raises what boto3 raises where not even the caller's identity can be read."""
    account = session.client("sts").get_caller_identity()["Account"]
    deployed = _deployed(session.client("cloudformation"), stack)
    lost = ("", "") if deployed is not None else _left_behind(session.client("dynamodb"), stack)
    return Found(account, deployed, _has_trail(session.client("cloudtrail")), *lost)


def _deployed(cloudformation: Any, stack: str) -> dict[str, str] | None:
    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError:
        return None
    return {
        one["ParameterKey"]: one["ParameterValue"]
        for one in found.get("Parameters", ())
        if one["ParameterKey"] not in SECRET
    }


def _left_behind(dynamodb: Any, stack: str) -> tuple[str, str]:
    names = [
        name
        for page in dynamodb.get_paginator("list_tables").paginate()
        for name in page["TableNames"]
        if name.startswith(f"{stack}-FindingsTable-")
    ]
    if len(names) != 1:
        return "", ""
    found = dynamodb.describe_table(TableName=names[0])["Table"]
    return names[0], found.get("LatestStreamArn", "")


def _has_trail(cloudtrail: Any) -> bool | None:
    """None: it could not be read."""
    try:
        trails = cloudtrail.describe_trails()["trailList"]
        return any(cloudtrail.get_trail_status(Name=t["TrailARN"])["IsLogging"] for t in trails)
    except (ClientError, BotoCoreError):
        return None


TRAIL = "gatewatch-management"


def make_trail(session: Any, account: str) -> str:
    """A trail of every region that logs management events, and the bucket it writes to, which is
    named. Raises what boto3 raises; what was made before stays and is taken the next time.

    Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail".
    """
    region = session.region_name
    bucket = f"gatewatch-trail-{account}-{region}"
    partition = session.get_partition_for_region(region)
    s3, cloudtrail = session.client("s3"), session.client("cloudtrail")
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        ),
    )
    trail = f"arn:{partition}:cloudtrail:{region}:{account}:trail/{TRAIL}"
    from_the_trail = {"aws:SourceArn": trail}
    common = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    check = {
        **common,
        "Action": "s3:GetBucketAcl",
        "Resource": f"arn:{partition}:s3:::{bucket}",
        "Condition": {"StringEquals": from_the_trail},
    }
    write = {
        **common,
        "Action": "s3:PutObject",
        "Resource": f"arn:{partition}:s3:::{bucket}/AWSLogs/{account}/*",
        "Condition": {
            "StringEquals": {**from_the_trail, "s3:x-amz-acl": "bucket-owner-full-control"}
        },
    }
    policy = {"Version": "2012-10-17", "Statement": [check, write]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    with suppress(cloudtrail.exceptions.TrailAlreadyExistsException):
        cloudtrail.create_trail(Name=TRAIL, S3BucketName=bucket, IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name=TRAIL)
    return bucket


def questions(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, what it is and why it is asked, default."""
    for name, why in WHY.items():
        described = " ".join(str(parameters[name].get("Description", "")).split())
        yield name, f"{why}\n    {described}", str(parameters[name].get("Default", ""))


def answered(
    parameters: Mapping[str, Any], kept: Mapping[str, str], found: Found, ask: Ask, say: Ask
) -> dict[str, str]:
    """Every parameter that is not left at its default."""
    known = {**(found.deployed or {}), **kept}
    answers = {name: value for name, value in known.items() if name in parameters}
    for name, text, default in questions(parameters):
        if name == "OrgPolicyLocation" and answers.get("OrgPolicySource", default) == "packaged":
            continue
        offered = answers.get(name, default)
        say(f"\n{name}: {text}")
        answers[name] = ask(f"  [{offered or 'none'}] ").strip() or offered
    if found.table and found.stream:
        say(f"\nA table of an earlier stack is here: {found.table}.")
        if ask("  Go on with its findings? [Y/n] ").strip().lower() not in ("n", "no"):
            answers |= {
                "ExistingTableName": found.table,
                "ExistingTableStreamArn": found.stream,
            }
    return {name: value for name, value in answers.items() if value}


def offer_trail(session: Any, account: str, ask: Ask, say: Ask) -> None:
    """Nothing is made without a yes."""
    say("\nNo CloudTrail trail logs here: without one, AWS tells nobody of changes.")
    say(
        f"One of every region, `{TRAIL}`, can be made now, with a bucket of its own. The first copy"
    )
    say("of management events costs nothing but its storage.")
    if ask("  Make it? [y/N] ").strip().lower() not in ("y", "yes"):
        say("Gatewatch will say so until there is one (docs/runbook.md, no-trail).")
        return
    try:
        say(f"It logs, into the bucket {make_trail(session, account)}.")
    except (ClientError, BotoCoreError) as error:
        say(f"It could not be made: {error}. See docs/runbook.md, no-trail.")


def command(
    sam: str, stack: str, region: str, profile: str, answers: Mapping[str, str]
) -> list[str]:
    overrides = [f"{name}={value}" for name, value in sorted(answers.items())]
    place = [
        *(["--region", region] if region else []),
        *(["--profile", profile] if profile else []),
    ]
    return [
        sam, "deploy", "--template-file", str(ROOT / "template.yaml"), "--stack-name", stack,
        "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
        "--no-fail-on-empty-changeset", *place,
        *(["--parameter-overrides", *overrides] if overrides else []),
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sam", help="the SAM CLI")
    parser.add_argument("--stack", default="gatewatch")
    parser.add_argument("--region", default="")
    parser.add_argument("--profile", default="")
    parser.add_argument("--yes", action="store_true", help="ask nothing, take the kept answers")
    given = parser.parse_args()
    parameters = YAML().load((ROOT / "template.yaml").read_text("utf-8"))["Parameters"]
    kept = json.loads(ANSWERS.read_text("utf-8")) if ANSWERS.exists() else {}
    session = boto3.session.Session(
        profile_name=given.profile or None, region_name=given.region or None
    )
    try:
        found = look(session, given.stack)
    except (ClientError, BotoCoreError) as error:
        print(f"AWS cannot be reached: {error}", file=sys.stderr)
        return 2
    print(f"account {found.account}, region {session.region_name}, stack {given.stack}")
    ask: Ask = (lambda _text: "") if given.yes else input
    if found.has_trail is False:
        offer_trail(session, found.account, ask, print)
    answers = answered(parameters, kept, found, ask, print)
    ANSWERS.write_text(
        json.dumps({n: v for n, v in answers.items() if n not in SECRET}, indent=2) + "\n", "utf-8"
    )
    run = command(given.sam, given.stack, given.region, given.profile, answers)
    if not given.yes:
        run.append("--confirm-changeset")
    return subprocess.run(run, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
