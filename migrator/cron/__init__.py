"""The cron engine: what an expression means, when it fires, and how to say the same elsewhere.

    text --parse--> Cron --next_fires--> instants
                     |
                     +----translate----> expressions of another platform, with a verdict that was proved

It is exact: fire sets are compared as sets, not sampled. It does no I/O but for reading the time zone database.

    dialect dialects              what differs between platforms, as data      answers   where engines disagree
    fields grammar notations parser   text to meaning          renderer describe   meaning to text
    model                         Cron = dates x times
    days zones clocks firesets    dates, zones and fires as bitsets                fires   the next ones
    cover date_rules              sets in few expressions; perpetual, or for a season
    perpetual date_lists window   translations that are perpetual, that list dates, that roll
    task one_time approximate caveats translator verdict                           comparison check
"""

from migrator.cron.comparison import Comparison, Timed, compare, fires_between
from migrator.cron.describe import describe
from migrator.cron.dialects import DIALECTS
from migrator.cron.fires import next_fires
from migrator.cron.model import Cron, Dates, Once, Recurring
from migrator.cron.parser import parse
from migrator.cron.renderer import render
from migrator.cron.translator import translate
from migrator.cron.verdict import Piece, Translation, Verdict

__all__ = [
    "DIALECTS",
    "Comparison",
    "Cron",
    "Dates",
    "Once",
    "Piece",
    "Recurring",
    "Timed",
    "Translation",
    "Verdict",
    "compare",
    "describe",
    "fires_between",
    "next_fires",
    "parse",
    "render",
    "translate",
]
