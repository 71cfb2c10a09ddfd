# SPDX-License-Identifier: Apache-2.0
"""The SQL blocks of docs/runbook.md, and the duty to execute each of them."""
import functools
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(\s*)```(\w*)\s*$")
STEP = re.compile(r"^\s*\d+\.\s+(.*?)\s*$")


def parse(document):
    """{(heading, step): SQL} of every ```sql block; the step is the numbered line that the block belongs to."""
    blocks, heading, step, open_block = {}, "", "", None
    for line in document.splitlines():
        fence = FENCE.match(line)
        if open_block is not None:
            if fence:
                language, lines = open_block
                if language == "sql":
                    key = (heading, step)
                    if key in blocks:
                        raise AssertionError(f"two SQL blocks under {key}")
                    blocks[key] = textwrap.dedent("\n".join(lines)) + "\n"
                open_block = None
            else:
                open_block[1].append(line)
        elif fence:
            open_block = (fence.group(2), [])
        elif line.startswith("#"):
            heading, step = line.lstrip("#").strip(), ""
        elif STEP.match(line):
            step = STEP.match(line).group(1).strip("*:").rstrip(":*")
    if open_block is not None:
        raise AssertionError("a block of the runbook is never closed")
    return blocks


def text():
    return (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def blocks():
    return parse(text())


def executes(*keys):
    """Marks a test as the one that executes these blocks, and fails it when it does not."""
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            self.executed = set()
            test(self)
            self.assertEqual(self.executed, set(keys), "the blocks that this test executed")
        run.blocks = keys
        return run
    return decorate
