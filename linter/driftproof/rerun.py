"""When failures of a second run are reported."""

from enum import StrEnum


class Rerun(StrEnum):
    """When a failure of the second run is reported.

    AUTO: where it can happen, because the run mode keeps what was done before a failure; and where it is plainly not
    meant to happen, because the file guards an object and leaves what is built on it unguarded.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"
