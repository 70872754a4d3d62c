"""Asks the icalendar library what it reads in our calendars.

Reads a list of calendars from stdin and prints a line of JSON for each: what is wrong with it, and its events.
"""

import json
import sys

from icalendar import Calendar

REQUIRED = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY")


def described(event):
    rule = event.get("RRULE")
    except_ = event.get("EXDATE", [])
    except_ = except_ if isinstance(except_, list) else [except_]
    return {
        "summary": str(event["SUMMARY"]),
        "start": event["DTSTART"].dt.isoformat(),
        "end": event["DTEND"].dt.isoformat(),
        "rule": rule.to_ical().decode() if rule else None,
        "except": [one.dt.isoformat() for dates in except_ for one in dates.dts],
    }


def faults(calendar, events):
    found = [f"{name}: {why}" for part in calendar.walk() for name, why in part.errors]
    found += [f"{event.get('UID')} has no {name}" for event in events for name in REQUIRED if name not in event]
    uids = [str(event["UID"]) for event in events]
    found += [f"{uid} is there twice" for uid in set(uids) if uids.count(uid) > 1]
    found += [f"{name} is missing" for name in ("VERSION", "PRODID") if name not in calendar]
    missing = calendar.get_missing_tzids() if hasattr(calendar, "get_missing_tzids") else []
    return found + [f"{zone} is not described" for zone in missing]


for text in json.load(sys.stdin):
    lines = text.split("\r\n")
    calendar = Calendar.from_ical(text)
    events = calendar.walk("VEVENT")
    wrong = faults(calendar, events)
    wrong += [f"too long a line: {line}" for line in lines if len(line.encode()) > 75]
    print(json.dumps({"faults": wrong, "events": [described(event) for event in events]}))
