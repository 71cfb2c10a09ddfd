# SPDX-License-Identifier: Apache-2.0
"""Wrong settings and commands: exit 2 with a sentence that helps, 1 for what is fatal, and no secret on the screen."""
import json

import harness
from stack import Stack

setUpModule = harness.start_cluster


class WrongSettings(harness.Case):
    """The daemons' own exit: 2 for usage and configuration, 1 for what is fatal, one sentence on stderr each."""
    WITH_EMULATOR = False

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(harness.cluster(), harness.TEMPLATE, with_emulator=False)
        cls.addClassCleanup(cls.stack.close)

    def both(self, status, *needles, environment=None, commands=("serve", "run")):
        """Both daemons end with `status` and a sentence that holds the needles (any case)."""
        for run, command in ((self.stack.run_api, commands[0]), (self.stack.run_worker, commands[1])):
            with self.subTest(command=command):
                ended, output, error = run(command, environment=environment)
                self.assertEqual(ended, status, output + error)
                for needle in needles:
                    self.assertIn(needle.lower(), error.lower())
                self.assertNotIn("terminate called", error)
                self.assertEqual(len([line for line in error.splitlines() if line.strip()]), 1, error)

    def without(self, *names):
        return {name: value for name, value in self.stack.environment.items() if name not in names}

    def with_config(self, changes):
        """Both check-config commands against the default settings with `changes` (dotted keys)."""
        config = json.loads(json.dumps(self.stack.config))
        for dotted, value in changes.items():
            *path, last = dotted.split(".")
            node = config
            for step in path:
                node = node.setdefault(step, {})
            node[last] = value
        (self.stack.home / "calsync.yaml").write_text(json.dumps(config))
        self.addCleanup(self.stack.write_config)

    def test_a_good_configuration_passes(self):
        for run in (self.stack.run_api, self.stack.run_worker):
            status, output, error = run("check-config", "--offline")
            self.assertEqual((status, error), (0, ""), output)
            self.assertIn("valid", output)

    def test_unknown_keys_name_the_nearest(self):
        for wrong, nearest in (("server.prot", "server.port"), ("worker.concurency", "worker.concurrency"),
                               ("oauth.return_two", "oauth.return_to"), ("allow_insecure_endpoint", "allow_insecure_endpoints"),
                               ("log.levels", "log.level"), ("retention.tombstone_day", "retention.tombstone_days")):
            with self.subTest(key=wrong):
                self.with_config({wrong: 1})
                self.both(2, wrong, f"'{nearest}'", commands=("check-config", "check-config"))

    def test_unknown_sections_name_the_nearest(self):
        for wrong, nearest in (("provider.google.endpoints.token", "providers"), ("servers.port", "server"),
                               ("oath.link_seconds", "oauth")):
            with self.subTest(key=wrong):
                self.with_config({wrong: 1})
                self.both(2, f"unknown key '{wrong.split('.')[0]}", f"did you mean '{nearest}", commands=("check-config", "check-config"))

    def test_values_of_the_wrong_kind(self):
        for key, value in (("server.port", "http"), ("server.port", 70000), ("server.port", -1), ("server.drain_seconds", 0),
                           ("worker.concurrency", 0), ("worker.concurrency", "many"), ("worker.poll_milliseconds", 1.5),
                           ("database.pool_size", ""), ("allow_insecure_endpoints", "yes"), ("log.level", "loud"),
                           ("oauth.link_seconds", 5), ("providers.ics.max_bytes", 12), ("server.host", ["a", "b"])):
            with self.subTest(key=key, value=value):
                self.with_config({key: value})
                self.both(2, f"'{key}' must be", commands=("check-config", "check-config"))

    def test_plain_http_endpoints_need_permission(self):
        self.with_config({"allow_insecure_endpoints": False})
        self.both(2, "plain http", "allow_insecure_endpoints")
        self.with_config({"providers.google.endpoints.token": "ftp://127.0.0.1/token"})
        self.both(2, "providers.google.endpoints.token", "http")

    def test_files_that_are_no_configuration(self):
        for text, needle in (("server: [", "line"), ("just words", "keys and values"), ("- a\n- b\n", "keys and values")):
            with self.subTest(text=text):
                (self.stack.home / "calsync.yaml").write_text(text)
                self.addCleanup(self.stack.write_config)
                self.both(2, "calsync.yaml", needle, commands=("check-config", "check-config"))
        (self.stack.home / "calsync.yaml").unlink()
        self.both(2, "calsync.yaml", commands=("check-config", "check-config"))

    def test_the_environment_overrides_the_file_and_is_checked_too(self):
        environment = {**self.stack.environment, "CALSYNC_SERVER_PORT": "no port"}
        self.both(2, "CALSYNC_SERVER_PORT", "whole number", environment=environment)

    def test_missing_secrets(self):
        self.both(2, "DATABASE_URL", environment=self.without("DATABASE_URL"))
        self.both(2, "CALENDAR_TOKEN_KEYS", environment=self.without("CALENDAR_TOKEN_KEYS"))

    def test_unreadable_secrets(self):
        for keys in ("k1", "k1:", "k1:not base64!", "k1:c2hvcnQ=", ":AAAA"):
            with self.subTest(keys=keys):
                self.both(2, "CALENDAR_TOKEN_KEYS", environment={**self.stack.environment, "CALENDAR_TOKEN_KEYS": keys})
        environment = {**self.without("DATABASE_URL"), "DATABASE_URL_FILE": "/nowhere/url"}
        self.both(2, "DATABASE_URL_FILE", "/nowhere/url", environment=environment)

    def test_bad_bearer_tokens_stop_the_server(self):
        for tokens in ("host:short", "no-colon-at-all-in-here", "host:"):
            with self.subTest(tokens=tokens):
                environment = {**self.stack.environment, "CALENDAR_APP_TOKENS": tokens}
                status, _, error = self.stack.run_api("serve", environment=environment)
                self.assertEqual(status, 2, error)
                self.assertIn("CALENDAR_APP_TOKENS", error)
                self.assertNotIn("no-colon-at-all", error)

    def test_secrets_from_files(self):
        (self.stack.home / "url").write_text(self.stack.database_url + "\n")
        environment = {**self.without("DATABASE_URL"), "DATABASE_URL_FILE": str(self.stack.home / "url")}
        status, output, error = self.stack.run_worker("once", environment=environment)
        self.assertEqual(status, 0, output + error)

    def test_an_unreachable_database_is_fatal_at_start(self):
        url = "postgresql://calsync:Pa55word-of-nobody@127.0.0.1:1/calsync"
        environment = {**self.stack.environment, "DATABASE_URL": url}
        for run, command in ((self.stack.run_api, "serve"), (self.stack.run_api, "migrate"), (self.stack.run_worker, "run"),
                             (self.stack.run_worker, "once")):
            with self.subTest(command=command):
                status, output, error = run(command, environment=environment)
                self.assertEqual(status, 1, output + error)
                self.assertEqual(len(error.strip().splitlines()), 1, error)
                self.assertRegex(error, "(?i)connect|database")
                self.assertNotIn("Pa55word", output + error)

    def test_a_database_without_the_schema_is_fatal_and_says_what_to_do(self):
        harness.cluster().create_database("e2e_empty")
        self.addCleanup(harness.cluster().drop_database, "e2e_empty")
        environment = {**self.stack.environment, "DATABASE_URL": harness.cluster().url("e2e_empty")}
        for run, command in ((self.stack.run_api, "serve"), (self.stack.run_worker, "run"), (self.stack.run_worker, "once")):
            with self.subTest(command=command):
                status, output, error = run(command, environment=environment)
                self.assertEqual(status, 1, output + error)
                self.assertIn("calsync-api migrate", error)

    def test_migrate_twice_changes_nothing(self):
        for _ in range(2):
            status, output, error = self.stack.run_api("migrate")
            self.assertEqual(status, 0, output + error)

    def test_unknown_commands_and_options(self):
        for arguments in (["frobnicate"], [], ["serve", "--fast"], ["--config"], ["explain"]):
            with self.subTest(arguments=arguments):
                status, output, error = self.stack.run_api(*arguments)
                self.assertEqual(status, 2, output + error)
                self.assertTrue((output + error).strip())
        for arguments in (["frobnicate"], [], ["run", "--fast"], ["serve"]):
            with self.subTest(arguments=arguments):
                status, output, error = self.stack.run_worker(*arguments)
                self.assertEqual(status, 2, output + error)
                self.assertTrue((output + error).strip())

    def test_version_and_help(self):
        for program, run in (("calsync-api", self.stack.run_api), ("calsync-worker", self.stack.run_worker)):
            status, output, _ = run("--version")
            self.assertEqual(status, 0)
            self.assertRegex(output, rf"^{program} \d+\.\d+")
            status, output, _ = run("--help")
            self.assertEqual(status, 0)
            self.assertIn("check-config", output)
