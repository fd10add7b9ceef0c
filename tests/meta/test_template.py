"""The template against the code: permissions, wiring, and what no emulator enforces."""

from __future__ import annotations

import re
from importlib import import_module

from tests.template import TEMPLATE, resource, resources, template

from monitor.settings import (
    HeartbeatSettings,
    InteractionSettings,
    NotifySettings,
    OnChangeSettings,
    RemediateSettings,
    RespondSettings,
    ScanFanoutSettings,
    ScanWorkerSettings,
    WatchSettings,
)


def test_each_function_has_a_role_and_a_log_group_of_its_own() -> None:
    functions = resources("AWS::Serverless::Function")
    roles = [f["Properties"]["Role"]["GetAtt"] for f in functions.values()]
    logs = [f["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for f in functions.values()]

    assert len(set(roles)) == len(set(logs)) == len(functions)


def test_every_handler_is_there() -> None:
    for name, function in resources("AWS::Serverless::Function").items():
        module, _, handler = function["Properties"]["Handler"].rpartition(".")
        assert callable(getattr(import_module(module), handler)), name


def test_the_functions_get_the_settings_they_read() -> None:
    shared = set(template()["Globals"]["Function"]["Environment"]["Variables"])
    for function, settings in (
        ("OnChangeFunction", OnChangeSettings),
        ("ScanWorkerFunction", ScanWorkerSettings),
        ("ScanFanoutFunction", ScanFanoutSettings),
        ("NotifyFunction", NotifySettings),
        ("WatchFunction", WatchSettings),
        ("HeartbeatFunction", HeartbeatSettings),
        ("RespondFunction", RespondSettings),
        ("SlackInteractionFunction", InteractionSettings),
        ("RemediateFunction", RemediateSettings),
    ):
        own = resource(function)["Properties"]["Environment"]["Variables"]
        given = {n for n in {*shared, *own} if n.startswith("GATEWATCH_")}
        known = {f"GATEWATCH_{name.upper()}" for name in settings.model_fields}
        assert known <= given, function
        assert given - known <= {"GATEWATCH_TABLE"}, function


def test_the_stream_and_the_sweep_both_tell() -> None:
    events = resource("NotifyFunction")["Properties"]["Events"]

    assert {event["Type"] for event in events.values()} == {"DynamoDB", "ScheduleV2"}


def test_cloudformation_takes_no_yaml_aliases() -> None:
    assert not re.search(r"(?m)[:\-]\s+[&*]\w", TEMPLATE.read_text("utf-8"))


def test_code_stands_in_files_and_not_in_the_template() -> None:
    assert "InlineCode" not in TEMPLATE.read_text("utf-8")
