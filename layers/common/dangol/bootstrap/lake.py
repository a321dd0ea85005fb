"""The lake, by Athena or by its files."""

import time

from dangol.adapters.athena import AthenaLake
from dangol.adapters.lake_files import LakeFiles
from dangol.adapters.objects import S3Objects
from dangol.bootstrap.aws import client
from dangol.config import Settings


def lake(config: Settings) -> AthenaLake | LakeFiles:
    """The lake: its files where the stack is local, Athena elsewhere."""
    return _lake_files(config) if config.local else athena_lake(config)


def _lake_files(config: Settings) -> LakeFiles:
    return LakeFiles(S3Objects(client("s3", config), config.need("lake_bucket")))


def athena_lake(config: Settings) -> AthenaLake:
    """The lake through Athena."""
    return AthenaLake(
        client("athena", config),
        database=config.need("glue_database"),
        workgroup=config.need("athena_workgroup"),
        wait=time.sleep,  # Athena has no way to tell that it is done
    )
