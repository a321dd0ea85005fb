"""What linters do not know of template.yaml: that it fits the code, and that what the audit answers is so."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]  # it ships no types

from dangol.config import Settings, variable
from dangol.pipeline.passing_on import NOT_QUEUED

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))
RESOURCES = TEMPLATE["Resources"]
STAGES = ["segment", "dispatch", "track", "record", "report"]
# On the local cloud alone, where MiniStack looks for them.
ASKED_FOR = {
    "dynamodb:BatchExecuteStatement",
    "sqs:SendMessageBatch",
    "ses:SendBulkEmail",
    "scheduler:CreateSchedule",
}
QUEUES = {"segment": "SegmentQueue", "dispatch": "SendQueue", "record": "EventQueue"}
DEAD_LETTERS = {queue: queue.replace("Queue", "DeadLetterQueue") for queue in QUEUES.values()}
# What the command line and its users find the stack's parts by.
OUTPUTS = """
    ApiUrl ProfilesTable LedgerTable OutcomesTable CampaignsTable MessagesTable ShortLinksTable SegmentQueueUrl
    SendQueueUrl EventQueueUrl SegmentDeadLetterQueueUrl SendDeadLetterQueueUrl EventDeadLetterQueueUrl LakeBucket
    GlueDatabase ViewsDatabase AthenaWorkgroup ScheduleGroup SchedulerRoleArn SegmentFunctionArn DispatchFunctionArn
    ReportFunctionArn ParametersPrefix TrackLogGroup TrackingDomainTarget
"""
ROUTES = {
    "TrackIntegration": """
        GET /c/{token}|HEAD /c/{token}|GET /s/{code}|HEAD /s/{code}|GET /o/{token}|HEAD /o/{token}
        |GET /u/{token}|HEAD /u/{token}|POST /u/{token}
        |GET /openapi.json
        |POST /v1/track|POST /v1/identify|POST /v1/batch|POST /v1/page|POST /v1/screen|POST /v1/alias|POST /v1/group
        |POST /v1/cohorts/amplitude|POST /v1/cohorts/mixpanel|POST /v1/receipts/webhook|POST /v1/messages
        |POST /v1/receipts/solapi|POST /v1/receipts/nhn|GET /v1/messages""",
    "ReportIntegration": "GET /v1/reports/{run}",
}


def of_type(kind: str) -> dict[str, Any]:
    """The properties of every resource of a type, by name."""
    return {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == kind}


def function(stage: str) -> Any:
    return RESOURCES[f"{stage.title()}Function"]["Properties"]


def chosen(value: Any, timeouts: str) -> Any:
    """A value, looked up in the mappings where it stands there."""
    if not isinstance(value, dict):
        return value
    name, _, key = value["Fn::FindInMap"]
    return TEMPLATE["Mappings"][name][timeouts][key]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(stage: str, *, local: bool) -> list[Any]:
    """What a function's role allows: on AWS, or what the local cloud adds."""
    policy = RESOURCES[f"{stage.title()}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    if local:
        return [s["Fn::If"][1] for s in policy if "Fn::If" in s]
    return [s for s in policy if "Fn::If" not in s]


def may(stage: str, action: str, resource: str) -> bool:
    """Whether a function's role on AWS allows an action on a resource of the template."""
    arn = {"Fn::GetAtt": [resource, "Arn"]}
    return any(action in listed(s["Action"]) and arn in listed(s["Resource"]) for s in statements(stage, local=False))


def alarmed(metric: str, dimension: str) -> set[str]:
    """The resources that have an alarm on a metric."""
    alarms = [a for a in of_type("AWS::CloudWatch::Alarm").values() if a["MetricName"] == metric]
    values = [d["Value"] for a in alarms for d in a["Dimensions"] if d["Name"] == dimension]
    return {v["Ref"] if "Ref" in v else v["Fn::GetAtt"][0] for v in values}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_one_word_everywhere(stage):
    given = function(stage)

    assert given["CodeUri"] == f"functions/{stage}"
    assert [p.name for p in (ROOT / given["CodeUri"]).iterdir() if p.name != "__pycache__"] == ["app.py"]
    assert (ROOT / "layers/common/dangol/pipeline" / f"{stage}.py").exists()
    assert TEMPLATE["Globals"]["Function"]["Handler"] == "app.handler"
    assert given["Role"] == {"Fn::GetAtt": [f"{stage.title()}Role", "Arn"]}
    assert given["LoggingConfig"] == {"LogGroup": {"Ref": f"{stage.title()}Log"}}


def test_there_are_the_five_stages_and_no_other():
    assert set(of_type("AWS::Serverless::Function")) == {f"{stage.title()}Function" for stage in STAGES}


def test_the_functions_are_told_what_the_settings_read_and_nothing_else():
    everywhere = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    told = {*everywhere, *(name for s in STAGES for name in function(s)["Environment"]["Variables"])}
    from_lambda = {"AWS_REGION", "AWS_ENDPOINT_URL"}

    assert {n for n in told if not n.startswith("POWERTOOLS_")} == {variable(f.name) for f in fields(Settings)} - (
        from_lambda
    )
    assert everywhere["CLOCK_FILE"] == {"Fn::If": ["IsLocal", {"Ref": "ClockFile"}, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize("timeouts", TEMPLATE["Parameters"]["Timeouts"]["AllowedValues"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_function_knows_its_own_timeout(stage, timeouts):
    given = function(stage)

    assert int(chosen(given["Environment"]["Variables"]["FUNCTION_TIMEOUT"], timeouts)) == chosen(
        given["Timeout"], timeouts
    )


@pytest.mark.parametrize("timeouts", TEMPLATE["Parameters"]["Timeouts"]["AllowedValues"])
@pytest.mark.parametrize(("stage", "queue"), QUEUES.items())
def test_a_message_stays_hidden_for_six_timeouts_at_least(stage, queue, timeouts):
    visibility = chosen(RESOURCES[queue]["Properties"]["VisibilityTimeout"], timeouts)

    assert visibility >= 6 * chosen(function(stage)["Timeout"], timeouts)


@pytest.mark.parametrize(("stage", "queue"), QUEUES.items())
def test_one_failed_message_does_not_bring_its_batch_back(stage, queue):
    (source,) = function(stage)["Events"].values()

    assert source["Type"] == "SQS"
    assert source["Properties"]["Queue"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("queue", "dead"), DEAD_LETTERS.items())
def test_every_queue_has_a_dead_letter_queue_that_keeps_messages_longer(queue, dead):
    redrive = RESOURCES[queue]["Properties"]["RedrivePolicy"]
    kept = RESOURCES[queue]["Properties"].get("MessageRetentionPeriod", 345_600)

    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
    assert redrive["maxReceiveCount"] >= 10
    assert RESOURCES[dead]["Properties"]["MessageRetentionPeriod"] >= kept


def test_every_queue_is_known_here_and_encrypted():
    queues = of_type("AWS::SQS::Queue")

    assert set(queues) == {*DEAD_LETTERS, *DEAD_LETTERS.values()}
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())


def test_a_schedules_order_that_fails_is_kept():
    assert function("segment")["DeadLetterQueue"] == {
        "Type": "SQS",
        "TargetArn": {"Fn::GetAtt": ["SegmentDeadLetterQueue", "Arn"]},
    }
    assert may("segment", "sqs:SendMessage", "SegmentDeadLetterQueue")


def test_functions_that_queue_for_themselves_are_not_stopped_as_loops():
    looping = {s for s, queue in QUEUES.items() if may(s, "sqs:SendMessage", queue)}

    assert looping == {"segment", "dispatch", "record"}
    assert all(function(stage)["RecursiveLoop"] == "Allow" for stage in looping)


def test_how_many_dispatch_at_once_is_bounded():
    scaling = function("dispatch")["Events"]["Chunks"]["Properties"]["ScalingConfig"]["MaximumConcurrency"]

    assert scaling["Fn::FindInMap"][1] == {"Ref": "DispatchConcurrency"}
    assert all(int(n) == m["functions"] >= 2 for n, m in TEMPLATE["Mappings"]["Concurrency"].items())


@pytest.mark.parametrize("stage", STAGES)
def test_on_aws_a_role_allows_named_actions_on_named_resources(stage):
    for statement in statements(stage, local=False):
        assert all(":" in a and "*" not in a for a in listed(statement["Action"]))
        assert "*" not in listed(statement["Resource"])


@pytest.mark.parametrize("stage", STAGES)
def test_what_only_the_local_cloud_asks_for_has_its_form_on_aws(stage):
    local = {action for s in statements(stage, local=True) for action in listed(s["Action"])}
    table = "ProfilesTable" if stage == "record" else "LedgerTable"

    # MiniStack does not see which workgroup a query belongs to.
    queries = {"athena:GetQueryExecution", "athena:GetQueryResults"}
    assert local <= ASKED_FOR | queries
    if queries & local:
        (group,) = [s["Resource"] for s in statements(stage, local=False) if queries <= {*listed(s["Action"])}]
        assert group["Fn::Sub"].endswith(":workgroup/${AthenaWorkgroup}")
    if "dynamodb:BatchExecuteStatement" in local:
        assert may(stage, "dynamodb:PartiQLUpdate", table)
        assert may(stage, "dynamodb:PartiQLInsert", table)


def test_schedules_may_start_segment_and_nothing_else():
    (policy,) = RESOURCES["SchedulerRole"]["Properties"]["Policies"]

    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["SegmentFunction", "Arn"]}},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["SegmentQueue", "Arn"]}},
    ]


def test_tables_cost_nothing_while_idle_are_encrypted_restorable_and_outlive_the_stack():
    for name, table in of_type("AWS::DynamoDB::Table").items():
        assert table["BillingMode"] == "PAY_PER_REQUEST", name
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
        assert table["SSESpecification"] == {"SSEEnabled": True}, name
        assert (RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]) == ("Retain", "Retain"), name


def test_what_is_kept_for_a_while_only_expires():
    expiring = {n: t.get("TimeToLiveSpecification") for n, t in of_type("AWS::DynamoDB::Table").items()}

    assert {name for name, ttl in expiring.items() if ttl == {"AttributeName": "expires_at", "Enabled": True}} == {
        "OutcomesTable", "CampaignsTable", "MessagesTable", "ShortLinksTable",
    }  # fmt: skip


def test_the_lake_is_private_encrypted_versioned_and_reached_over_tls_only():
    bucket = RESOURCES["LakeBucket"]["Properties"]
    (policy,) = RESOURCES["LakeBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert (policy["Effect"], policy["Action"], policy["Principal"]) == ("Deny", "s3:*", "*")
    assert policy["Condition"]["Bool"]["aws:SecureTransport"]["Fn::If"][2] == "false"


def test_every_route_leads_to_its_function():
    found: dict[str, set[str]] = {}
    for route in of_type("AWS::ApiGatewayV2::Route").values():
        target = route["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("}")
        found.setdefault(target, set()).add(route["RouteKey"])

    assert found == {target: {r.strip() for r in keys.split("|")} for target, keys in ROUTES.items()}


def test_requests_are_throttled_and_their_log_holds_no_token():
    stage = RESOURCES["ApiStage"]["Properties"]

    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert "path" not in stage["AccessLogSettings"]["Format"].lower()


def test_logs_are_not_kept_for_ever():
    assert all(log["RetentionInDays"] for log in of_type("AWS::Logs::LogGroup").values())


def test_what_goes_wrong_raises_an_alarm():
    functions = set(of_type("AWS::Serverless::Function"))

    assert alarmed("ApproximateNumberOfMessagesVisible", "QueueName") == set(DEAD_LETTERS.values())
    assert alarmed("ApproximateAgeOfOldestMessage", "QueueName") == set(DEAD_LETTERS)
    assert alarmed("Errors", "FunctionName") == alarmed("Throttles", "FunctionName") == functions


def test_what_track_could_not_pass_on_raises_an_alarm():
    (refusals,) = of_type("AWS::Logs::MetricFilter").values()
    (metric,) = refusals["MetricTransformations"]
    alarm = RESOURCES["TrackRefusalsAlarm"]["Properties"]

    assert refusals["LogGroupName"] == {"Ref": "TrackLog"}
    assert (alarm["Namespace"], alarm["MetricName"]) == (metric["MetricNamespace"], metric["MetricName"])
    assert f'?"{NOT_QUEUED}"' in refusals["FilterPattern"]
    source = "".join((ROOT / f"layers/common/dangol/pipeline/{name}.py").read_text() for name in ("track", "calls"))
    assert all(words in source for words in ("was not answered", "was not taken"))
    assert all(words in refusals["FilterPattern"] for words in ("was not answered", "was not taken"))


def test_a_domain_of_one_s_own_is_there_only_where_it_is_named():
    domain, mapping = RESOURCES["TrackingDomainName"], RESOURCES["TrackingDomainMapping"]

    assert domain["Condition"] == mapping["Condition"] == "HasTrackingDomain"
    assert TEMPLATE["Outputs"]["TrackingDomainTarget"]["Condition"] == "HasTrackingDomain"
    assert TEMPLATE["Parameters"]["TrackingDomain"]["Default"] == ""
    assert mapping["Properties"]["Stage"] == {"Ref": "ApiStage"}


def test_the_outputs_have_the_names_that_the_command_line_reads():
    assert set(TEMPLATE["Outputs"]) == set(OUTPUTS.split())
