# SPDX-License-Identifier: Apache-2.0
"""Prometheus' text format 0.0.4, read strictly: Metrics.read(stack).value("calendar_webhooks_total", result="accepted")."""
import re

from client import send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
TYPES = ("counter", "gauge", "histogram")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def number(text):
    if text in ("+Inf", "-Inf", "NaN"):
        return float(text.replace("Inf", "inf"))
    if not re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        raise ValueError(f"not a number: {text!r}")
    return float(text)


def labels_of(text):
    found, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match or match.group(1) in found:
            raise ValueError(f"bad labels: {text!r}")
        found[match.group(1)] = re.sub(r'\\(["\\n])', lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), match.group(2))
        at = match.end()
    return found


class Metrics:
    """One scrape. `families`: name -> (type, help); `samples`: (name, labels as sorted pairs) -> value."""

    def __init__(self, text):
        self.families, self.samples, self.text = {}, {}, text
        if text and not text.endswith("\n"):
            raise ValueError("the last line has no end")
        helped, family = {}, None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name, _, what = line[7:].partition(" ")
                if name in helped or not NAME.fullmatch(name) or not what:
                    raise ValueError(f"bad help: {line!r}")
                helped[name] = what
            elif line.startswith("# TYPE "):
                family, kind = line[7:].split(" ")
                if family in self.families or kind not in TYPES or family not in helped:
                    raise ValueError(f"bad type: {line!r}")
                self.families[family] = (kind, helped[family])
            else:
                self._sample(line, family)
        self._check_histograms()

    def _sample(self, line, family):
        match = SAMPLE.fullmatch(line)
        if not match or family is None:
            raise ValueError(f"bad sample: {line!r}")
        name, labels, value = match.group(1), labels_of(match.group(2) or ""), number(match.group(3))
        if name not in [family + suffix for suffix in SUFFIXES[self.families[family][0]]]:
            raise ValueError(f"{name} stands under {family}")
        key = (name, tuple(sorted(labels.items())))
        if key in self.samples:
            raise ValueError(f"twice: {line!r}")
        self.samples[key] = value

    def _check_histograms(self):
        for family in [name for name, (kind, _) in self.families.items() if kind == "histogram"]:
            series = {}
            for (name, labels), value in self.samples.items():
                if name == family + "_bucket":
                    bound = number(dict(labels)["le"])
                    series.setdefault(tuple(pair for pair in labels if pair[0] != "le"), []).append((bound, value))
            for labels, buckets in series.items():
                counts = [count for _, count in sorted(buckets)]
                if counts != sorted(counts) or max(buckets)[0] != float("inf"):
                    raise ValueError(f"{family}{dict(labels)} is not cumulative: {buckets}")
                if counts[-1] != self.samples[(family + "_count", labels)]:
                    raise ValueError(f"{family}{dict(labels)} has another count than its last bucket")

    @classmethod
    def of(cls, answer):
        if answer.status != 200 or answer.header("Content-Type") != CONTENT_TYPE:
            raise AssertionError(f"no metrics: {answer.status} {answer.headers} {answer.text}")
        return cls(answer.text)

    @classmethod
    def read(cls, stack):
        """What a scraper of the api-server sees."""
        return cls.of(stack.stranger.get("/metrics"))

    @classmethod
    def read_port(cls, port):
        """What a scraper of one worker sees."""
        return cls.of(send("GET", f"http://127.0.0.1:{port}/metrics"))

    def value(self, name, **labels):
        """The sum of the samples that have these labels (any others, too); 0 where there is none."""
        wanted = set(labels.items())
        return sum(value for (of, pairs), value in self.samples.items() if of == name and wanted <= set(pairs))

    def has(self, name, **labels):
        wanted = set(labels.items())
        return any(of == name and wanted <= set(pairs) for of, pairs in self.samples)
