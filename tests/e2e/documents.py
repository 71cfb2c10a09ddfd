# SPDX-License-Identifier: Apache-2.0
"""The fenced blocks of a document under docs/, and interpreters that keep what earlier blocks have left."""
import dataclasses
import json
import re
import subprocess
import tempfile
import textwrap

from stack import ROOT

FENCE = re.compile(r"^(\s*)```\s*(\w*)\s*$")


@dataclasses.dataclass
class Block:
    """`number` counts the blocks of this language under this heading, from 1."""
    heading: str
    language: str
    number: int
    text: str
    line: int

    @property
    def key(self):
        return self.heading, self.language, self.number


def text_of(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(name):
    """All blocks in their order."""
    found, heading, start, counts = [], "", None, {}
    lines = text_of(name).splitlines()
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if fence and start is None:
            start = number, fence.group(2)
        elif fence:
            key = heading, start[1]
            counts[key] = counts.get(key, 0) + 1
            found.append(Block(heading, start[1], counts[key], textwrap.dedent("\n".join(lines[start[0]:number - 1])) + "\n", start[0]))
            start = None
        elif start is None and line.startswith("#"):
            heading = line.lstrip("#").strip()
    if start is not None:
        raise AssertionError(f"the block at line {start[0]} of {name} is never closed")
    return found


class Interpreter:
    """A process that executes texts one after the other in one session. `run` answers what the text wrote to stdout."""

    def __init__(self, command, environment, driver):
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="utf-8")
        self._driver = driver
        self._number = 0

    def run(self, text):
        self._number += 1
        mark = f"--- end of {self._number} ---"
        self._process.stdin.write(self._driver(text, mark))
        self._process.stdin.flush()
        output = ""
        for line in self._process.stdout:
            if line.rstrip("\n").endswith(mark):
                return output + line.rstrip("\n").removesuffix(mark)
            output += line
        self._errors.seek(0)
        raise AssertionError(f"failed with {self._process.wait()}:\n{text}\n{output}\n{self._errors.read()}")

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(20)
        self._errors.close()


def shell(environment):
    """bash, which ends at the first command that fails."""
    return Interpreter(["bash", "-euo", "pipefail"], environment, lambda text, mark: f"{text}\necho '{mark}'\n")


# Blocks are compiled under the name "document", so that it is known which of their functions were called.
PYTHON = """
import json, sys
scope, called = {"__name__": "document"}, set()
def watch(frame, event, _):
    if event == "call" and frame.f_code.co_filename == "document": called.add(frame.f_code.co_name)
sys.setprofile(watch)
scope["called"] = called
for line in sys.stdin:
    name, text, mark = json.loads(line)
    exec(compile(text, name, "exec"), scope)
    print(mark, flush=True)
"""


class Python(Interpreter):
    def __init__(self, environment):
        super().__init__(["/usr/bin/python3", "-c", PYTHON], environment, lambda text, mark: json.dumps([self._name, text, mark]) + "\n")
        self._name = "test"

    def run_block(self, text):
        self._name = "document"
        try:
            return self.run(text)
        finally:
            self._name = "test"

    def value(self, expression):
        """The expression's value, through JSON."""
        return json.loads(self.run(f"print(json.dumps({expression}))"))
