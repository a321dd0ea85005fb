"""What AWS asks in us-east-1, in dollars, on demand and beyond every free tier; list prices of mid to late 2026.

https://aws.amazon.com/dynamodb/pricing/on-demand/ https://aws.amazon.com/sqs/pricing/
https://aws.amazon.com/lambda/pricing/ https://aws.amazon.com/s3/pricing/
"""

from math import ceil
from typing import Final

WRITE_UNIT: Final = 0.625e-6
READ_UNIT: Final = 0.125e-6
# A request to SQS carries up to 64 KB.
SQS_REQUEST: Final = 0.40e-6
SQS_KILOBYTES: Final = 64
LAMBDA_REQUEST: Final = 0.20e-6
# arm64, first tier.
LAMBDA_GB_SECOND: Final = 0.0000133334
S3_PUT: Final = 5e-6


def sqs_requests(body: str) -> int:
    """What one message costs on its way: sent, received, deleted."""
    return 2 * ceil(len(body.encode()) / 1_024 / SQS_KILOBYTES) + 1
