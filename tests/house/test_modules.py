"""One module per noun, short, and blind to the clock and the environment."""

import ast

import pytest

LONGEST = 300
EMPTY_NAMES = {"base", "bases", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
# How a module reads the clock or the environment, by the names it uses: `.now` of anything but config.
READS = {"now", "utcnow", "today", "time_ns", "environ", "environb", "getenv", "getenvb"}
READS_OF = {("time", "time"), ("time", "localtime"), ("time", "gmtime")}


def clock_reads(source: str) -> list[str]:
    """Where a module asks the clock or the environment itself, as `line: what`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if (owner, name) in READS_OF:
                found.append(f"{node.lineno}: {owner}.{name}")
            case ast.Attribute(value=ast.Name(id="config")):
                continue  # config.now() is the way to ask
            case ast.Attribute(attr=name) if name in READS:
                found.append(f"{node.lineno}: .{name}")
            case ast.ImportFrom(module="os" | "time" | "datetime" as module, names=names):
                taken = [name.name for name in names]
                found += [
                    f"{node.lineno}: from {module} import {name}"
                    for name in taken
                    if name in READS or (module, name) in READS_OF
                ]
    return found


def test_the_package_is_here(modules):
    assert modules


def test_no_module_has_a_second_room_in_it(modules):
    lines = {str(path): text.count("\n") for path, text in modules.items()}
    assert {path: count for path, count in lines.items() if count > LONGEST} == {}


def test_every_module_is_named_after_a_thing(modules):
    empty = [str(path) for path in modules for part in path.with_suffix("").parts if EMPTY_NAMES & set(part.split("_"))]
    assert empty == []


def test_only_config_asks_the_clock_and_the_environment(modules):
    asking = {
        str(path): reads for path, text in modules.items() if str(path) != "config.py" and (reads := clock_reads(text))
    }
    assert asking == {}


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\nx = datetime.datetime.now()",
        "from datetime import date\nx = date.today()",
        "from datetime import datetime as dt\nx = dt.utcnow()",
        "import time\nx = time.time()",
        "from time import time",
        "import os\nx = os.environ['A']",
        "from os import environ as settings",
        "import os as system\nx = system.getenv('A')",
    ],
)
def test_a_module_that_asks_is_noticed(source):
    assert clock_reads(source)


@pytest.mark.parametrize(
    "source",
    [
        "from rx_review import config\nx = config.now()",
        "from rx_review.config import today\nx = today()",
        "import time\nx = time.perf_counter()",
        "from datetime import date\nx = date(2026, 9, 1)",
    ],
)
def test_a_module_that_asks_config_or_nobody_is_left_alone(source):
    assert clock_reads(source) == []
