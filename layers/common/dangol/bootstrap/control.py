"""What pauses, resumes and cancels runs."""

from dangol.adapters.queues import SqsQueue
from dangol.adapters.runs import DynamoRuns
from dangol.bootstrap.aws import client
from dangol.config import Settings
from dangol.pipeline.control import Controller


def build_controller(config: Settings) -> Controller:
    """What pauses, resumes and cancels runs, on any stack."""
    dynamodb = client("dynamodb", config)
    tasks = SqsQueue(client("sqs", config), config.need("segment_queue_url"))
    return Controller(DynamoRuns(dynamodb, config.need("campaigns_table")), tasks)
