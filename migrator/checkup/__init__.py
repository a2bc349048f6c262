"""Whether everything that a run needs is in order: what `migrator doctor` tells and `migrator init` asks."""

from migrator.checkup.connections import check_connection, check_connections
from migrator.checkup.here import check_extras, check_notify, check_state, check_time_zones
from migrator.checkup.values import Check, of_error

__all__ = [
    "Check",
    "check_connection",
    "check_connections",
    "check_extras",
    "check_notify",
    "check_state",
    "check_time_zones",
    "of_error",
]
