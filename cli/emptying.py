"""Emptying a stack on the local cloud: its people, runs and lake go, the stack stays."""

from collections.abc import Sequence
from typing import Any

from cli.stack import Stack


def empty(stack: Stack) -> None:
    """Empty what the stack holds, in its functions' memory too."""
    functions = _forget(stack)
    _empty_schedules(stack)
    for name, value in stack.outputs.items():
        if name.endswith("QueueUrl"):
            stack.client("sqs").purge_queue(QueueUrl=value)
        elif name.endswith("Table"):
            _empty_table(stack.dynamodb, value)
    _empty_bucket(stack.client("s3"), stack.settings.lake_bucket)
    _await(stack, functions)


def _forget(stack: Stack) -> Sequence[str]:
    """Have the functions start afresh: the next run and version have the numbers of those they remember."""
    pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    names = [r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::Lambda::Function"]
    client = stack.client("lambda")
    for name in names:
        # Any change of the configuration ends the processes, even to what it was.
        memory = client.get_function_configuration(FunctionName=name)["MemorySize"]
        client.update_function_configuration(FunctionName=name, MemorySize=memory)
    return names


def _await(stack: Stack, functions: Sequence[str]) -> None:
    waiter = stack.client("lambda").get_waiter("function_updated_v2")
    for name in functions:
        waiter.wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def _empty_table(dynamodb: Any, table: str) -> None:  # noqa: ANN401 - boto3 clients are made at run time, by name
    """Make the table anew: quicker than deleting its items one by one."""
    told = dynamodb.describe_table(TableName=table)["Table"]
    dynamodb.delete_table(TableName=table)
    dynamodb.create_table(
        TableName=table,
        KeySchema=told["KeySchema"],
        AttributeDefinitions=told["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )


def _empty_bucket(s3: Any, bucket: str) -> None:  # noqa: ANN401 - boto3 clients are made at run time, by name
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        doomed = [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in found]
        if doomed:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})


def _empty_schedules(stack: Stack) -> None:
    client, group = stack.client("scheduler"), stack.outputs["ScheduleGroup"]
    for page in client.get_paginator("list_schedules").paginate(GroupName=group):
        for schedule in page["Schedules"]:
            client.delete_schedule(GroupName=group, Name=schedule["Name"])
