#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file includes across the arrows of ARCHITECTURE.md, or lacks its licence line, or when the check itself
would let a forbidden include pass."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Room -> rooms that it may include. A room includes itself.
ALLOWED = {
    "common/base": set(),
    "common/async": {"common/base"},
    "common/calendar": {"common/base"},
    "common/sync": {"common/base", "common/calendar"},
    "common/http": {"common/base", "common/async", "common/calendar", "common/net"},
    "common/net": {"common/base", "common/async"},
    "common/db": {"common/base", "common/async", "sql"},
    "common/store": {"common/base", "common/async", "common/calendar", "common/sync", "common/db", "sql"},
    "common/runtime": {"common/base", "common/async", "common/calendar", "common/sync"},
}
ALLOWED["common/doctor"] = set(ALLOWED) | {"common/providers"}
ADAPTER = {"common/base", "common/async", "common/calendar", "common/net", "common/providers"}
ADAPTERS = ("google", "ics", "microsoft")
for adapter in ADAPTERS:
    ALLOWED[f"common/providers/{adapter}"] = ADAPTER
# The registry is the one file that knows every adapter.
ALLOWED["common/providers"] = ADAPTER | {f"common/providers/{adapter}" for adapter in ADAPTERS}
LIBRARIES = set(ALLOWED)
ALLOWED["api-server"] = LIBRARIES | {"sql"}
ALLOWED["sync-worker"] = LIBRARIES | {"sql"}
ALLOWED["tests/emulator"] = set()

# Third-party headers that only some rooms may know.
FOREIGN = {
    r"libpq-fe\.h": {"common/db"},
    r"boost/beast/": {"common/net", "common/http", "tests/emulator"},
    r"boost/asio/ssl": {"common/net", "tests/emulator"},
    r"libical/": {"common/calendar", "tests/emulator"},
    r"unicode/": {"common/calendar", "tests/emulator"},
    r"rapidjson/": {"common/base", "tests/emulator"},
    r"yaml-cpp/": {"common/base"},
    r"prometheus/": {"common/base"},
}
PURE = {"common/base", "common/calendar", "common/sync"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    best = ""
    for room in ALLOWED:
        if (path == room or path.startswith(room + "/")) and len(room) > len(best):
            best = room
    return best


def violations(path, text):
    room = room_of(path)
    found = []
    for quote, target in INCLUDE.findall(text):
        if quote == '"':
            other = "sql" if target.startswith("sql/") else room_of(target)
            inner = room == "tests/emulator" and "/" not in target
            if other and other != room and other not in ALLOWED[room]:
                found.append(f"{path}: {room} must not include {target}")
            elif not other and not inner and "/" in target:
                found.append(f"{path}: {target} is no file of a known room")
        else:
            for pattern, rooms in FOREIGN.items():
                if re.match(pattern, target) and room not in rooms:
                    found.append(f"{path}: {room} must not include <{target}>")
            if room in PURE and target.startswith("boost/asio"):
                found.append(f"{path}: {room} is pure and must not include <{target}>")
    return found


def self_test():
    bad = [
        ("common/sync/x.cpp", '#include "common/store/claim_queue.hpp"'),
        ("common/providers/google/x.cpp", '#include "common/providers/ics/ics_adapter.hpp"'),
        ("common/net/x.cpp", '#include "common/db/pool.hpp"'),
        ("common/http/x.cpp", '#include "common/db/pool.hpp"'),
        ("api-server/x.cpp", '#include "sync-worker/executor.hpp"'),
        ("common/base/x.cpp", "#include <boost/asio/awaitable.hpp>"),
        ("common/store/x.cpp", "#include <libpq-fe.h>"),
        ("api-server/x.cpp", "#include <prometheus/registry.h>"),
        ("tests/emulator/x.cpp", '#include "common/base/json.hpp"'),
    ]
    missed = [entry for entry in bad if not violations(*entry)]
    good = ("common/store/x.cpp", '#include "common/db/pool.hpp"\n#include <string>')
    return [f"the check lets this pass: {entry}" for entry in missed] + violations(*good)


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.cpp", "*.hpp"], cwd=ROOT, check=True, capture_output=True, text=True)
    paths = [path for path in listed.stdout.split() if (ROOT / path).exists()]
    layers, licences = [], []
    for path in paths:
        text = (ROOT / path).read_text(errors="replace")
        if room_of(path):
            layers += violations(path, text)
        if not text.startswith("// SPDX-License-Identifier: Apache-2.0"):
            licences.append(f"{path}: the first line is not the SPDX line")
    failed = 0
    for name, problems in (("the check finds planted violations", self_test()), ("includes follow the arrows", layers), ("every source has its licence line", licences)):
        print(("ok   " if not problems else "FAIL ") + name)
        for problem in problems:
            print("     " + problem)
        failed += bool(problems)
    print(f"architecture: {3 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
