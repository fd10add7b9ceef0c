"""Gatewatch deployed, then broken piece by piece: each time it says so. Its table outlives it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.company import Company
from tests.e2e.conftest import Deployed
from tests.emulator import stack
from tests.emulator.world import World, installed

pytestmark = pytest.mark.e2e
SOON = 30.0
BOUND = 5
BUCKET, KEY = "org-policies", "gatewatch.yaml"
STRICT = "version: 1\nclasses:\n  - name: everything\n    allowed: no-public-access\n"
LOOSE = "version: 1\nclasses:\n  - name: everything\n    allowed: anyone\n"


class Watched(Deployed):
    def invoke(self, function: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a function of the stack as its schedule does; its error, or {}."""
        answer = self.world.client("lambda").invoke(
            FunctionName=self.physical(function), Payload=json.dumps(payload or {})
        )
        return json.loads(answer["Payload"].read() or b"null") or {}

    def physical(self, logical: str) -> str:
        found = self.world.client("cloudformation").describe_stack_resources(StackName=stack.STACK)
        resources = found["StackResources"]
        return next(r["PhysicalResourceId"] for r in resources if r["LogicalResourceId"] == logical)

    def watch(self) -> None:
        assert self.invoke("WatchFunction") == {}

    def about_itself(self, *words: str) -> list[str]:
        """Messages about Gatewatch itself that hold every word, text and blocks together."""
        texts = [json.dumps(m, ensure_ascii=False) for m in self.world.slack.messages()]
        return [t for t in texts if "Gatewatch" in t and all(word in t for word in words)]

    def metrics(self, name: str) -> list[float]:
        """What the watch function published of a metric, in its embedded format."""
        lines = (line for line in self.logs("watch").splitlines() if '"_aws"' in line)
        return [value for line in lines for value in json.loads(line).get(name, ())]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    if not installed():
        pytest.skip("the emulator is not installed: run `make emulator`")
    with World.start(tmp_path_factory.mktemp("watching")) as world:
        world.client("s3").create_bucket(Bucket=BUCKET)
        world.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=STRICT.encode())
        world.client("s3").create_bucket(Bucket="trail")
        yield Watched(
            world,
            stack.deploy(
                world,
                HeartbeatBoundSeconds=str(BOUND),
                BurstQuietSeconds="1",
                BurstLongestSeconds="3",
                OrgPolicySource="s3",
                OrgPolicyLocation=f"{BUCKET}/{KEY}",
            ),
        )


def beat(watched: Watched) -> str:
    """One heartbeat, and the time of its event once that came through."""
    before = seen(watched)
    assert watched.invoke("HeartbeatFunction") == {}
    return watched.world.until(
        lambda: (now := seen(watched)) != before and now, SOON, "the heartbeat's event"
    )


def seen(watched: Watched) -> str:
    item = (
        watched.world.client("dynamodb")
        .get_item(
            TableName=watched.outputs["Table"],
            Key={"pk": {"S": "SEEN#us-east-1"}, "sk": {"S": "LAST"}},
        )
        .get("Item")
    )
    return item["event_time"]["S"] if item else ""


def test_without_a_trail_it_says_so_and_with_one_that_it_is_over(watched: Watched) -> None:
    trails = watched.world.client("cloudtrail")

    watched.watch()
    assert len(watched.about_itself("no CloudTrail trail logs changes in us-east-1")) == 1
    watched.watch()
    assert len(watched.about_itself("no CloudTrail trail logs changes in us-east-1")) == 1
    trails.create_trail(Name="main", S3BucketName="trail", IsMultiRegionTrail=True)
    trails.start_logging(Name="main")
    watched.watch()
    assert len(watched.about_itself("over: ~no CloudTrail trail logs")) == 1

    trails.stop_logging(Name="main")
    watched.watch()
    assert len(watched.about_itself("main is stopped")) == 1
    trails.start_logging(Name="main")
    watched.watch()


def test_the_heartbeat_comes_back_through_the_whole_path(watched: Watched) -> None:
    assert beat(watched)


def test_a_rule_that_is_disabled_is_said_and_so_is_the_heartbeat_that_is_lost(
    watched: Watched,
) -> None:
    events, rule = watched.world.client("events"), watched.physical("ApiChangeRule")
    beat(watched)
    watched.watch()
    before = len(watched.about_itself(":warning: Gatewatch is blind in us-east-1"))
    events.disable_rule(Name=rule)
    try:
        watched.invoke("HeartbeatFunction")
        watched.watch()
        assert len(watched.about_itself("rule-off", "is disabled: changes are not seen")) == 1
        time.sleep(BOUND + 1)
        watched.watch()
        blind = watched.about_itself(":warning: Gatewatch is blind in us-east-1 since")[before:]
        assert len(blind) == 1
        assert "not even its own heartbeat" in blind[0]
        watched.watch()
        assert len(watched.about_itself(":warning: Gatewatch is blind in us-east-1")) == before + 1
        assert watched.metrics("Blind")[-1] == 1
    finally:
        events.enable_rule(Name=rule)
    time.sleep(1)
    beat(watched)
    watched.watch()

    assert len(watched.about_itself("over: ~Gatewatch is blind in us-east-1")) == before + 1


def test_a_target_that_is_removed_is_said(watched: Watched) -> None:
    events, rule = watched.world.client("events"), watched.physical("ApiChangeRule")
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
    watched.watch()
    events.put_targets(Rule=rule, Targets=targets)
    watched.watch()

    assert len(watched.about_itself("rule-off", "does not send to Gatewatch")) == 1


def test_a_rule_whose_pattern_leaves_our_events_out_is_said(watched: Watched) -> None:
    events, rule = watched.world.client("events"), watched.physical("ApiChangeRule")
    pattern = events.describe_rule(Name=rule)["EventPattern"]
    events.put_rule(Name=rule, EventPattern='{"source": ["aws.ec2"]}', State="ENABLED")
    watched.watch()
    events.put_rule(Name=rule, EventPattern=pattern, State="ENABLED")
    watched.watch()

    assert len(watched.about_itself("rule-off", "takes none of our events")) == 1


def test_a_queue_policy_that_is_changed_is_said(watched: Watched) -> None:
    sqs, url = watched.world.client("sqs"), watched.outputs["Queue"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": '{"Version":"2012-10-17","Statement":[]}'}
    )
    watched.watch()
    sqs.set_queue_attributes(QueueUrl=url, Attributes=policy)

    assert len(watched.about_itself("queue-policy", "does not let the rule")) == 1


def test_a_dead_letter_is_said_until_it_is_gone(watched: Watched) -> None:
    sqs, url = watched.world.client("sqs"), watched.outputs["DeadLetterQueue"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    watched.watch()
    before = len(watched.about_itself("dead-letters", "gatewatch redrive"))
    watched.watch()
    assert len(watched.about_itself("dead-letters", "gatewatch redrive")) == before > 0
    over = len(watched.about_itself("over: ~", "gatewatch redrive"))
    sqs.purge_queue(QueueUrl=url)
    watched.watch()

    assert len(watched.about_itself("over: ~", "gatewatch redrive")) == over + 1


def test_an_org_policy_that_is_broken_takes_no_effect_and_is_said_once(watched: Watched) -> None:
    s3 = watched.world.client("s3")
    company = Company(watched.world.client("apigateway", watched.world.assume("Developer", "joe")))
    company.open_api("before")
    watched.world.until(lambda: watched.said("before"), SOON, "the alert")
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"version: 1\nclasses:\n  - nmae: x\n")
    restart(watched)

    watched.watch()
    watched.watch()
    company.open_api("meanwhile")

    assert len(watched.about_itself("org-policy", f"s3://{BUCKET}/{KEY}:3:")) == 1
    watched.world.until(lambda: watched.said("meanwhile"), SOON, "the alert by the last good one")
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=LOOSE.encode())
    restart(watched)
    watched.watch()
    assert watched.about_itself("over: ~the org policy takes no effect")
    company.open_api("afterwards")
    records = watched.world.until(
        lambda: [r for r in watched.records().values() if r["name"]["S"] == "afterwards"],
        SOON,
        "a verdict",
    )
    assert "access-exceeds-policy" not in records[0]["document"]["S"]
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=STRICT.encode())
    restart(watched)


def restart(watched: Watched) -> None:
    """New processes for the functions, as AWS gives them: nothing is known but what is stored."""
    functions = watched.world.client("lambda")
    for name in ("OnChangeFunction", "WatchFunction"):
        function = watched.physical(name)
        found = functions.get_function_configuration(FunctionName=function)["Environment"]
        variables = {**found["Variables"], "STARTED_ANEW_AT": str(time.time())}
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": variables}
        )
        functions.get_waiter("function_updated_v2").wait(FunctionName=function)


def test_a_secret_that_is_gone_is_said_and_is_an_alarm(watched: Watched) -> None:
    secrets, secret = watched.world.client("secretsmanager"), watched.outputs["SlackSecret"]
    watched.watch()
    secrets.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    try:
        watched.watch()
    finally:
        secrets.restore_secret(SecretId=secret)

    # A process that read the token before can still say so; the alarm speaks where none can.
    assert watched.metrics("SlackSecret")[-1] == 1
    assert len(watched.about_itself("slack-secret", "cannot be read")) == 1
    assert rings(watched, "SlackSecretAlarm", "Gatewatch", "SlackSecret", service=stack.STACK)
    watched.watch()
    assert len(watched.about_itself("over: ~the Slack secret", "cannot be read")) == 1


@pytest.mark.parametrize(
    ("alarm", "namespace", "metric", "dimension", "resource"),
    [
        ("OnChangeErrorsAlarm", "AWS/Lambda", "Errors", "FunctionName", "OnChangeFunction"),
        ("OnChangeThrottledAlarm", "AWS/Lambda", "Throttles", "FunctionName", "OnChangeFunction"),
        ("TableWriteThrottledAlarm", "AWS/DynamoDB", "WriteThrottleEvents", "TableName", "Table"),
    ],
)
def test_an_alarm_of_aws_metrics_rings_and_is_said(
    watched: Watched, alarm: str, namespace: str, metric: str, dimension: str, resource: str
) -> None:
    value = watched.outputs.get(resource) or watched.physical(resource)

    assert rings(watched, alarm, namespace, metric, **{dimension: value})
    watched.watch()

    assert len(watched.about_itself(f"{alarm}", "rings")) == 1


def rings(watched: Watched, alarm: str, namespace: str, metric: str, **dimensions: str) -> bool:
    """Whether a point of the metric makes the template's alarm ring."""
    cloudwatch, name = watched.world.client("cloudwatch"), watched.physical(alarm)
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": metric,
                "Value": 3,
                "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            }
        ],
    )

    def state() -> bool:
        (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return bool(found["StateValue"] == "ALARM")

    return watched.world.until(state, 90, f"{alarm} rings")


def test_the_roles_were_enough(watched: Watched) -> None:
    for function in ("watch", "heartbeat", "on-change"):
        assert [x for x in watched.logs(function).splitlines() if "AccessDenied" in x] == []


def test_a_stack_that_is_deleted_and_deployed_again_goes_on_with_its_findings(
    watched: Watched, tmp_path: Path
) -> None:
    company = Company(watched.world.client("apigateway", watched.world.assume("Developer", "joe")))
    company.open_api("lasting")
    (alert,) = watched.world.until(lambda: watched.said("lasting"), SOON, "the alert")
    time.sleep(4)  # the end of its burst is looked at as well
    before = {api: record["version"]["N"] for api, record in watched.records().items()}
    outputs = dict(watched.outputs)
    delete(watched)
    assert outputs["Table"] in watched.world.client("dynamodb").list_tables()["TableNames"]

    watched.outputs = stack.deploy(
        watched.world,
        BurstQuietSeconds="1",
        BurstLongestSeconds="3",
        ExistingTableName=outputs["Table"],
        ExistingTableStreamArn=outputs["TableStream"],
    )

    assert watched.outputs["Table"] == outputs["Table"]
    assert {api: r["version"]["N"] for api, r in watched.records().items()} == before
    company.delete(next(a for a, r in watched.records().items() if r["name"]["S"] == "lasting"))
    watched.world.until(
        lambda: any("Resolved" in m["text"] for m in watched.world.slack.thread(alert["ts"])[1:]),
        SOON,
        "`resolved` in the conversation from before",
    )


def delete(watched: Watched) -> None:
    cloudformation = watched.world.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.STACK)

    def is_gone() -> bool:
        summaries = cloudformation.list_stacks()["StackSummaries"]
        return all(
            s["StackStatus"] == "DELETE_COMPLETE"
            for s in summaries
            if s["StackName"] == stack.STACK
        )

    watched.world.until(is_gone, SOON, "the stack's end")
