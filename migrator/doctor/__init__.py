"""Whether everything that a run needs is in order: what `migrator doctor` tells and `migrator init` asks."""

from migrator.doctor.check import Check, of_error
from migrator.doctor.connections import check_connection, check_connections
from migrator.doctor.local import check_extras, check_notify, check_state, check_time_zones

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
