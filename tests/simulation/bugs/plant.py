#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""plant.py ROOT CATALOGUE OUT: writes the bugs of the catalogue into copies of the sources under OUT, and OUT/catalogue.inc,
which lists them. With --files it only names the sources. A bug whose text is not there exactly once is listed as lost: the
build goes on, and calsync-sim counts it as not found."""
import pathlib
import sys


def read_catalogue(path):
    bugs, bug = [], {}
    for line in path.read_text().splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if bug:
                bugs.append(bug)
            bug = {}
            continue
        name, _, value = line.partition(": ")
        bug[name] = value
    for bug in bugs:
        if sorted(bug) != ["bug", "file", "from", "to", "why"] or f'PLANTED("{bug["bug"]}")' not in bug["to"]:
            sys.exit(f"{path}: incomplete: {bug}")
    return bugs


def plant(text, bugs):
    """The text with every bug in it, and the names of those that found no place. Bugs may share a place: the later one is
    written into what the earlier one made of it."""
    lost = []
    for bug in bugs:
        if text.count(bug["from"]) == 1:
            text = text.replace(bug["from"], bug["to"])
        else:
            lost.append(bug["bug"])
    return '#include "tests/simulation/bugs/planted.hpp"\n' + text, lost


def main():
    if sys.argv[1] == "--files":
        print(";".join(sorted({bug["file"] for bug in read_catalogue(pathlib.Path(sys.argv[2]))})))
        return
    root, catalogue, out = map(pathlib.Path, sys.argv[1:4])
    bugs = read_catalogue(catalogue)
    lost = set()
    for file in sorted({bug["file"] for bug in bugs}):
        text, missed = plant((root / file).read_text(), [bug for bug in bugs if bug["file"] == file])
        lost.update(missed)
        target = out / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)
    lines = [f'{{"{bug["bug"]}", "{bug["why"].replace(chr(34), chr(39))}", {str(bug["bug"] in lost).lower()}}},' for bug in bugs]
    (out / "catalogue.inc").write_text("\n".join(lines) + "\n")


main()
