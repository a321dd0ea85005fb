"""Structured logs and metrics: facts with ids, never an address, a body or a token."""

from aws_lambda_powertools import Logger

logger = Logger()
