"""What each function does to Gatewatch's own things, by role of the template; a test holds every
role to exactly this. What is read of what is judged says `operations.py`.

Resources are written as in the template, with `Ref` and `GetAtt` as `${...}` and conditions as if
every parameter were set.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.aws.operations import READS, READS_OF_IDENTITIES, Permission

Operations = frozenset[Permission]

_RULES = ("ApiChangeRule", "SurroundingChangeRule", "MonitorChangeRule")
_TABLE = "${FindingsTable.Arn}"
_ARN = "arn:${AWS::Partition}:"
_PLACE = "${AWS::Region}:${AWS::AccountId}:"


def _on(resource: str, *actions: str) -> Operations:
    return frozenset(Permission(action, resource) for action in actions)


_TRACING = _on("*", "xray:PutTraceSegments", "xray:PutTelemetryRecords")
_KEY = _on("${KmsKeyArn}", "kms:Decrypt", "kms:GenerateDataKey")
_VPC = _on(
    "*",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
_ORG_POLICY = (
    _on(f"{_ARN}s3:::${{OrgPolicyLocation}}", "s3:GetObject")
    | _on(f"{_ARN}ssm:{_PLACE}parameter${{OrgPolicyLocation}}", "ssm:GetParameter")
    | _on(
        f"{_ARN}appconfig:{_PLACE}application/${{Application}}/environment/${{Environment}}"
        "/configuration/${Profile}",
        "appconfig:StartConfigurationSession",
        "appconfig:GetLatestConfiguration",
    )
)
_JUDGED = frozenset(one for permissions in READS.values() for one in permissions)
_IDENTITIES = frozenset(one for many in READS_OF_IDENTITIES.values() for one in many)
_FAILURES = _on("${FailuresQueue.Arn}", "sqs:SendMessage")
_TOKEN = _on("${SlackSecret.Id}", "secretsmanager:GetSecretValue")


def _each(action: str, *names: str) -> Operations:
    return frozenset(Permission(action, f"${{{name}.Arn}}") for name in names)


def _consumer(queue: str) -> Operations:
    """What Lambda does for a function that takes from a queue, and asking for more of the same."""
    return _on(
        f"${{{queue}.Arn}}",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
    )


def _every_function(logs: str) -> Operations:
    log = _on(f"${{{logs}.Arn}}", "logs:CreateLogStream", "logs:PutLogEvents")
    return log | _TRACING | _KEY | _VPC


OF_ROLES: Mapping[str, Operations] = MappingProxyType(
    {
        "OnChangeRole": _every_function("OnChangeLogs")
        | _JUDGED
        | _IDENTITIES
        | _ORG_POLICY
        | _IDENTITIES
        | _on(
            _TABLE,
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:DeleteItem",
            "dynamodb:Query",
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
        )
        | _consumer("EventsQueue")
        | _on("${ScanQueue.Arn}", "sqs:SendMessage")
        | _on("${EventsDlq.Arn}", "sqs:SendMessage"),
        "ScanFanoutRole": _every_function("ScanFanoutLogs")
        | _FAILURES
        | _ORG_POLICY
        | frozenset(READS["apigateway:GetRestApis"] + READS["apigatewayv2:GetApis"])
        | _on(_TABLE, "dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem")
        | _on("${ScanQueue.Arn}", "sqs:SendMessage"),
        "ScanWorkerRole": _every_function("ScanWorkerLogs")
        | _JUDGED
        | _ORG_POLICY
        | _IDENTITIES
        | _on(
            _TABLE,
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:DeleteItem",
            "dynamodb:Query",
        )
        | _consumer("ScanQueue")
        | _on("${ScanDlq.Arn}", "sqs:SendMessage"),
        "RemediateRole": _every_function("RemediateLogs")
        | _JUDGED
        | _ORG_POLICY
        | _on(f"{_ARN}apigateway:${{AWS::Region}}::/apikeys/*", "apigateway:GET")
        | _on(f"{_ARN}apigateway:${{AWS::Region}}::/usageplans/*", "apigateway:GET")
        | _on("*", "wafv2:ListIPSets", "wafv2:ListWebACLs")
        | _on(
            f"{_ARN}apigateway:${{AWS::Region}}::/restapis/*/stages/*", "wafv2:GetWebACLForResource"
        )
        | _on(_TABLE, "dynamodb:GetItem")
        | _on(
            "${RemediationsTable.Arn}",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        )
        | _on(
            "${RemediationQueue.Arn}",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        )
        | _on("${RemediationAnswers.Arn}", "sqs:SendMessage"),
        "NotifyRole": _every_function("NotifyLogs")
        | _TOKEN
        | _FAILURES
        | _on(
            _TABLE, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"
        )
        | _on(f"{_TABLE}/index/untold", "dynamodb:Query")
        | _on(f"{_TABLE}/index/records", "dynamodb:Query")
        | _ORG_POLICY
        | _on("${AlertTopicArn}", "sns:Publish")
        | _on("${RemediationQueue.Arn}", "sqs:SendMessage")
        | _on(f"{_ARN}events:{_PLACE}event-bus/${{AlertEventBus}}", "events:PutEvents")
        | _on(
            f"{_ARN}securityhub:{_PLACE}product/${{AWS::AccountId}}/default",
            "securityhub:BatchImportFindings",
        )
        | _on(
            f"{_TABLE}/stream/*",
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ),
        "SlackInteractionRole": _every_function("SlackInteractionLogs")
        | _TOKEN
        | _on("${AsksQueue.Arn}", "sqs:SendMessage"),
        "RespondRole": _every_function("RespondLogs")
        | _TOKEN
        | _ORG_POLICY
        | _on(_TABLE, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
        | _on(f"{_TABLE}/index/records", "dynamodb:Query")
        | _on(
            "${AsksQueue.Arn}",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        )
        | _on("${RemediationQueue.Arn}", "sqs:SendMessage")
        | _on(
            "${RemediationAnswers.Arn}",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ),
        "HeartbeatRole": _every_function("HeartbeatLogs")
        | _FAILURES
        | _on(
            f"{_ARN}apigateway:${{AWS::Region}}::/tags/arn%3A${{AWS::Partition}}%3Aapigateway%3A"
            "${AWS::Region}%3A%3A%2Fusageplans%2F${HeartbeatCanary}",
            "apigateway:PUT",
        ),
        "WatchRole": _every_function("WatchLogs")
        | _ORG_POLICY
        | _TOKEN
        | _FAILURES
        | _on(
            "*",
            "cloudtrail:DescribeTrails",
            "cloudwatch:DescribeAlarms",
            "events:TestEventPattern",
        )
        | _on(
            f"{_ARN}cloudtrail:*:*:trail/*",
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrailStatus",
        )
        | _each("events:DescribeRule", *_RULES)
        | _each("events:ListTargetsByRule", *_RULES)
        | _each("sqs:GetQueueAttributes", "EventsQueue", "EventsDlq", "ScanDlq", "FailuresQueue")
        | _on(_TABLE, "dynamodb:GetItem", "dynamodb:PutItem")
        | _on(f"{_TABLE}/index/untold", "dynamodb:Query"),
    }
)
