"""migrator.toml: connections and syncs as frozen values, or every error of the file at once."""

from migrator.config.config import Config, Notices, Token
from migrator.config.load import check_key, load
from migrator.config.model import Limits, Mode, Occasion, Schedule, Select, Sync, Template
from migrator.config.schema import config_schema
from migrator.config.secrets import exposed, resolve
from migrator.config.shapes import Limit
from migrator.config.starter import Draft, examples, starter

__all__ = [
    "Config",
    "Draft",
    "Limit",
    "Limits",
    "Mode",
    "Notices",
    "Occasion",
    "Schedule",
    "Select",
    "Sync",
    "Template",
    "Token",
    "check_key",
    "config_schema",
    "examples",
    "exposed",
    "load",
    "resolve",
    "starter",
]
