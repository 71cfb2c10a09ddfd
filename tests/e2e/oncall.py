# SPDX-License-Identifier: Apache-2.0
"""What somebody on call sees of a running system that has a fault: the explanation by HTTP and by the command, the operators' page,
the log, the metrics and the alerts of a real Prometheus. test_oncall_*.py have the tables of faults."""
import contextlib
import dataclasses
import html
import json
import re
import typing

import harness
import runbook
from client import Browser, send
from compare import differences
from events import timed
from harness import wait_until
from metrics import Metrics
from prometheus import Prometheus
from postgres import free_port
from stack import merged

ACTIONS = "/api/admin/calendar/connections"
ONE_POLL = 10  # seconds within which every place has to say it; the worker looks for work ten times a second
SILENCE = 15   # seconds after which a worker that is not heard is missed


@dataclasses.dataclass(frozen=True)
class Log:
    """A line of a daemon's log since the fault was planted."""
    message: str
    code: str | None = None   # its error_code
    named: bool = True        # it has the connection's id
    metadata: tuple = ()      # words that stand in its metadata


@dataclasses.dataclass(frozen=True)
class Gauge:
    """A figure that has this value while the fault is there, and another one before."""
    name: str
    labels: dict
    value: float
    of_worker: bool = False


@dataclasses.dataclass(frozen=True)
class Counter:
    """A figure that has grown since the fault was planted."""
    name: str
    labels: dict
    of_worker: bool = False


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault, what every place has to say of it, and what ends it.

    plant(case, who, planted) plants it: who is (owner, address, connection), and leaving `planted` takes it away again, where the
    recommended action cannot. mend(case, who, planted) does what is recommended. No `alerts`: none is meant for one calendar's
    trouble, and none even becomes pending. No log and no figure: there is nothing that could say it. `also`: alerts of the same owner that the fault may raise, too."""
    name: str
    plant: typing.Callable
    cause: str
    situation: str
    owner: str
    reason: tuple
    action: str
    log: Log | None
    figure: Gauge | Counter | None
    overview: tuple
    mend: typing.Callable
    alerts: tuple = ()
    also: tuple = ()
    issue: str | None = None    # its heading among the runbook's common issues
    answers: int | None = None  # the status that the provider answered, which the latest run shows


def text_of(page):
    """What a reader sees of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def table(*faults):
    """Class decorator: one test of each fault, in the order of the table."""
    def add(case):
        for number, fault in enumerate(faults, 1):
            name = f"test_{number:02}_" + re.sub(r"\W+", "_", fault.name)
            setattr(case, name, lambda self, fault=fault: self.meet(fault))
        return case
    return add


def is_error(line, code):
    """As the runbook has people look for errors."""
    return (line["level"], line["category"], line.get("error_code")) == ("error", "calendar_sync", code) and line["metadata"]


class OnCall(harness.Case):
    """One stack with a Prometheus; faults come one after the other, and each leaves nothing behind."""

    @classmethod
    def setUpClass(cls):
        cls.worker_port = free_port()
        cls.CONFIG = merged(cls.CONFIG, {"worker": {"metrics_port": cls.worker_port}})
        super().setUpClass()
        cls.prometheus = Prometheus(cls.stack.home / "prometheus", harness.ROOT / "deploy" / "prometheus" / "alerts.yml",
                                    {"calsync-api": cls.stack.api_port, "calsync-worker": cls.worker_port})
        cls.addClassCleanup(cls.prometheus.end)
        cls.browser = Browser()
        cls.FLAGS_AT_REST = dict(cls.stack.flags)

    # -- a fault from its beginning to its end

    def tearDown(self):
        """A fault that was not ended must not look like the next one."""
        if self.stack.flags != self.FLAGS_AT_REST:
            self.stack.reload(**self.FLAGS_AT_REST)

    def meet(self, fault):
        self.prometheus.wait_silent()
        who = self.somebody()
        self.marks = {id(daemon): len(daemon.logs) for daemon in self.stack.past}
        figures = fault.figure and self.figures(fault.figure)
        if isinstance(fault.figure, Gauge):
            self.assertNotEqual(self.value(figures, fault.figure), fault.figure.value, "the figure is as if the fault were there already")
        with contextlib.ExitStack() as planted:
            fault.plant(self, who, planted)
            self.assertTold(fault, who, figures)
            fault.mend(self, who, planted)
        self.assertMended(who)
        self.prometheus.wait_silent()

    def somebody(self):
        """(owner, address, connection) in step, with a change waiting at the provider."""
        owner, address, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_event(address, address, timed("two0000001", "Two"))
        return owner, address, connection

    def assertTold(self, fault, who, figures):
        connection = who[2]
        self.assertExplained(fault, connection)
        if fault.log:
            self.assertLogged(fault.log, connection)
        if fault.figure:
            self.assertFigure(fault.figure, figures)
        self.assertOnPage(fault, connection)
        self.assertAlerted(fault)
        self.assertRunbook(fault, who)
        # Alerts take their time; whoever comes because of one still finds the same.
        self.assertExplained(fault, connection)

    def assertExplained(self, fault, connection):
        told = []

        def by_http():
            told[:] = [self.explained(connection)]
            return told[0]["explanation"]["cause"] == fault.cause
        wait_until(by_http, ONE_POLL, lambda: f"the cause is {fault.cause}; told was {told[0]['explanation']}")
        shown, told = told[0]["connection"], told[0]["explanation"]
        self.assertEqual((told["situation"], told["error_owner"]), (fault.situation, fault.owner), told)
        for words in fault.reason:
            self.assertIn(words, told["reason"])
        self.assertIn(fault.action, told["action"] or "nothing")
        self.assertEqual((shown["situation"], shown["suggested_action"]), (told["situation"], told["action"]))
        if fault.answers is not None:
            self.assertEqual(told["attempts"][0]["provider_status"], fault.answers)
        self.assertCommandSays(fault, connection, told)

    def assertCommandSays(self, fault, connection, told):
        said = []

        def by_command():
            status, text, _ = self.stack.run_api("explain", connection)
            self.assertEqual(status, 0, text)
            said[:] = text.splitlines()[:3]
            first, action, owner = said
            return (first.startswith(f"{fault.situation}: ") and all(words in first for words in fault.reason)
                    and (action, owner) == (f"what to do: {told['action'] or 'nothing'}", f"who can mend it: {fault.owner}"))
        # It may be its turn to try whether the provider is back: for that moment it is being synced.
        wait_until(by_command, ONE_POLL, lambda: f"the command says it; it says {said}")

    def assertLogged(self, wanted, connection):
        def fits(line):
            return (wanted.message in line["message"] and (wanted.code is None or is_error(line, wanted.code))
                    and (not wanted.named or line.get("connection_id") == connection)
                    and all(word in json.dumps(line.get("metadata", {})) for word in wanted.metadata))
        wait_until(lambda: any(fits(line) for line in self.lines()), ONE_POLL, lambda: f"{wanted} is logged; since then there are\n" + "\n".join(
            json.dumps(line) for line in self.lines() if line["level"] != "debug"))

    def lines(self):
        """What the daemons have logged since the fault was planted."""
        return [line for daemon in self.stack.past for line in list(daemon.logs)[self.marks.get(id(daemon), 0):]]

    def figures(self, figure):
        return Metrics.read_port(self.worker_port) if figure.of_worker else Metrics.read(self.stack)

    def value(self, figures, figure):
        return figures.value(figure.name, **figure.labels) if figures.has(figure.name, **figure.labels) else None

    def assertFigure(self, figure, before):
        now = lambda: self.value(self.figures(figure), figure)
        if isinstance(figure, Gauge):
            wait_until(lambda: now() == figure.value, ONE_POLL + SILENCE, lambda: f"{figure}; it is {now()}")
        else:
            known = self.value(before, figure) or 0
            wait_until(lambda: (now() or 0) > known, ONE_POLL, lambda: f"{figure} grows; it is {now()} as before")

    def assertOnPage(self, fault, connection):
        wanted = (fault.situation.replace("_", " "), f"Can be mended by: {fault.owner}", fault.action, *fault.reason)
        detail = lambda: text_of(self.page(f"/admin/connections/{connection}"))
        wait_until(lambda: all(words in detail() for words in wanted), ONE_POLL, lambda: f"the page has {wanted}; it has\n{detail()}")
        overview = text_of(self.page("/admin"))
        for words in fault.overview:
            self.assertIn(words, overview)

    def assertAlerted(self, fault):
        wanted = {(name, fault.owner) for name in fault.alerts}
        allowed = wanted | {(name, fault.owner) for name in fault.also}
        if wanted:
            wait_until(lambda: wanted <= self.prometheus.firing(), 40, lambda: f"{wanted} fire; there are {self.prometheus.alerts()}")
        else:
            self.prometheus.rounds(4)
            wait_until(lambda: set(self.prometheus.alerts()) <= allowed, 3, lambda: f"no alert; there are {self.prometheus.alerts()}")
        self.assertEqual(self.prometheus.firing() - allowed, set(), "who can mend it is told by each alert, and no other is woken")

    def assertRunbook(self, fault, who):
        """The page of the runbook that the alert leads to, and the common issue that this is: each query shows something."""
        for (heading, step), block in runbook.blocks().items():
            if heading not in (*fault.alerts, fault.issue) or "UPDATE" in block:
                continue
            status, output = harness.psql(self.stack.database_url, block.replace("<connection_id>", who[2]).replace("<provider_id>", str(who[0])))
            self.assertEqual(status, 0, output)
            self.assertGreater(len(output.splitlines()), 1, f"'{step}' of {heading} finds nothing")

    def assertMended(self, who):
        """Everything says that it is over, and the calendar really is in step again."""
        owner, address, connection = who
        told = []

        def well():
            told[:] = [self.explained(connection)["explanation"]]
            return (told[0]["situation"], told[0]["cause"], told[0]["error_owner"]) == ("active", "in_step", "none")
        wait_until(well, 60, lambda: f"it is well again; it is {told}")
        self.assertIsNone(self.stack.sync(connection)["error"])
        if address:
            same = {"provider": "google", "provider_id": owner, "connection_id": connection}
            self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(address), same), [])
        self.assertIn("Can be mended by: none", text_of(self.page(f"/admin/connections/{connection}")))

    # -- what people on call do

    def explained(self, connection):
        return self.assertAnswer(self.stack.admin.get(f"/api/calendar/connections/{connection}/explain"), 200).json()

    def page(self, path, status=200):
        """A page as the browser of somebody who has logged in shows it."""
        answer = self.browser.get(self.stack.root + path)
        if answer.status == 303:
            self.log_in()
            answer = self.browser.get(self.stack.root + path)
        self.assertEqual(answer.status, status, answer.text)
        return answer.text

    def log_in(self):
        answer = send("POST", self.stack.root + "/admin/login", f"token={self.stack.admin_token}&next=", {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": self.stack.root, "Sec-Fetch-Site": "same-origin"})
        self.assertEqual(answer.status, 303, answer.text)
        name, _, value = answer.header("Set-Cookie").split(";")[0].partition("=")
        self.browser.cookies[f"127.0.0.1:{self.stack.api_port}"] = {name: value}

    def act(self, connection, action, reason="woken by an alert", **more):
        return self.assertAnswer(self.stack.admin.post(f"{ACTIONS}/{connection}/{action}", {"reason": reason, **more}), 200)

    def poll(self, connection):
        """Time passes until the next poll, and until the end of a backoff; the row when that run has ended."""
        token = self.stack.connection(connection)["lease_token"]
        self.stack.set(connection, "backoff_until = NULL, last_synced_at = now() - interval '6 minutes'")
        return self.stack.wait_row(connection, lambda row: row["lease_token"] > token and row["lease_until"] is None, "a poll has ended")

    def token_ends(self, connection):
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")

    def change_environment(self, **changes):
        """Other settings that are read at the start: restarts the daemons with them."""
        self.stack.environment.update(changes)
        self.stack.restart()
