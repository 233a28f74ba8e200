"""S3's formats of times.

They are written by hand: `strftime` is slower and uses the process's locale for the names of days and months.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=64)  # an object has the same date at each read
def http_date(moment: datetime) -> str:
    """Return *moment*, UTC, in the format of HTTP headers: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month]
    clock = f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
    return f"{day}, {moment.day:02} {month} {moment.year:04} {clock} GMT"


def iso_date(moment: datetime) -> str:
    """Return *moment*, UTC, in the format of S3's documents: `1994-11-06T08:49:37.000Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def java_date(moment: datetime) -> str:
    """Return *moment*, UTC, in Java's format and the time zone of S3's servers: `Tue Dec 31 16:00:00 PST 2019`."""
    # The rule since 2007: from the second Sunday of March, 10 h UTC, to the first Sunday of November, 9 h UTC.
    summer, winter = _sunday(moment.year, 3, 8, 10), _sunday(moment.year, 11, 1, 9)
    hours, zone = (7, "PDT") if summer <= moment < winter else (8, "PST")
    local = moment - timedelta(hours=hours)
    day, clock = f"{_DAYS[local.weekday()]} {_MONTHS[local.month]} {local.day:02}", local.time().isoformat("seconds")
    return f"{day} {clock} {zone} {local.year}"


def _sunday(year: int, month: int, earliest: int, hour: int) -> datetime:
    first = datetime(year, month, earliest, hour, tzinfo=UTC)
    return first + timedelta(days=6 - first.weekday())


def parse_http_date(text: str) -> datetime | None:
    """Parse an HTTP date. None: it is not one."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


@lru_cache(maxsize=64)  # requests within one second have the same date
def parse_basic_date(text: str) -> datetime | None:
    """Parse an `X-Amz-Date` (`19941106T084937Z`). None: it is not one."""
    found = _BASIC.fullmatch(text)
    try:
        if found is None:
            return None
        year, month, day, hour, minute, second = map(int, found.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
