# SPDX-License-Identifier: Apache-2.0
"""Secrets in wrong places of the settings: nothing that a daemon or a command prints repeats them, and no dump holds them."""
import base64
import json
import pathlib
import secrets
import signal

import harness
from canaries import mark
from spellings import Searcher
from stack import Stack

setUpModule = harness.start_cluster


class Quiet(harness.Case):
    WITH_EMULATOR = False

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(harness.cluster(), harness.TEMPLATE, with_emulator=False)
        cls.addClassCleanup(cls.stack.close)

    def setUp(self):
        self.printed, self.secrets = [], {}
        self.addCleanup(self.stack.write_config)

    def new(self, shape="{}"):
        secret = mark("secret")
        self.secrets[f"secret {len(self.secrets)}"] = secret
        return shape.format(secret)

    def ends(self, *arguments, wanted=(1, 2), **environment):
        """Both daemons with these arguments and this environment end so; what they print is kept."""
        for run in (self.stack.run_api, self.stack.run_worker):
            status, output, error = run(*arguments, environment={**self.stack.environment, **environment})
            self.assertIn(status, wanted, output + error)
            self.assertTrue(error.strip() or status == 0, arguments)
            self.printed.append(output + error)

    def assertSilent(self):
        self.assertEqual(Searcher(self.secrets).hits("\n".join(self.printed)), [])
        self.assertGreater(len(self.printed), 0)


class Misplaced(Quiet):
    def test_the_key_ring(self):
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.secrets = {"key": key, "key in hex": base64.b64decode(key).hex()}
        for ring in (key, f":{key}", f"{key}:k1", f"k1:{key}x", f"k1:{key}{key}", f"k1={key}", f"k.1:{key}", f"k1: {key}", f"k1:{key};k2:{key}",
                     f"k1:{key},k1:{key}", f"'k1:{key}'", f"k1:{key[:-4]}", f"k1,{key}", f"{{k1: {key}}}", base64.b64decode(key).hex()):
            self.ends("check-config", CALENDAR_TOKEN_KEYS=ring)
        self.assertSilent()

    def test_the_database_url(self):
        shapes = ("postgresql://u:{}@127.0.0.1:1/x", "postgresql://u:a@{}@127.0.0.1:1/x", "postgresql://u:{}/a@127.0.0.1:1/x", "postgresql://u:a/{}@127.0.0.1:1/x",
                  "postgresql://u:1/{}@127.0.0.1:1/x", "postgresql://u:a?{}@127.0.0.1:1/x", "postgresql://u:{}%zz@127.0.0.1:1/x", "postgresql://u:%zz{}@127.0.0.1:1/x",
                  "postgresql://u:a#{}@127.0.0.1:1/x", "postgresql://u:a:{}@127.0.0.1:1/x", "postgresql://u:[{}@127.0.0.1:1/x", "postgresql://u:a[{}]@127.0.0.1:1/x",
                  "host=127.0.0.1 port=1 password={} b", "host=127.0.0.1 port=1 password='{}", "host=127.0.0.1 port=1 pasword={}", "host=127.0.0.1 port=1 password=a {}",
                  "{}", "postgresql://u@127.0.0.1:1/x?password={}&{}", "postgresql://u@127.0.0.1:1/x?pasword={}",
                  "mysql://u:{}@127.0.0.1/x", "postgresql://u:{}@127.0.0.1:port/x")
        for shape in shapes:
            url = self.new(shape.replace("{}&{}", "{0}&{0}"))
            with self.subTest(shape):
                for run, command in ((self.stack.run_api, "serve"), (self.stack.run_api, "rotate-keys"), (self.stack.run_worker, "once")):
                    status, output, error = run(command, environment={**self.stack.environment, "DATABASE_URL": url})
                    self.assertEqual(status, 1, output + error)
                    self.assertRegex(error, "database|connect")
                    self.printed.append(output + error)
        self.assertSilent()

    def test_files_of_secrets(self):
        for name in ("DATABASE_URL", "CALENDAR_TOKEN_KEYS", "CALENDAR_APP_TOKENS", "CALENDAR_ADMIN_TOKENS", "GOOGLE_CLIENT_SECRET"):
            for shape in ("{}", "host:{}", "postgresql://u:{}@h/x", "./{}"):
                self.ends("check-config", **{name: "", name + "_FILE": self.new(shape)})
        self.assertSilent()

    def test_flags_and_lists(self):
        for name in (*harness.ALL_FLAGS, "CALENDAR_ALLOWLIST_PROVIDER_IDS", "CALENDAR_ALLOWLIST_CONNECTION_IDS", "CALENDAR_ENV"):
            for shape in ("{}", "true CALENDAR_APP_TOKENS=host:{}", "\"true\" # {}"):
                self.ends("check-config", CALENDAR_ENV_FILE="", **{**self.stack.flags, name: self.new(shape)})
        self.assertSilent()

    def test_the_yaml_file(self):
        for shape in ("{}", "- {}", "{}: 1", "server: {}", "server: {{port: {}}}", "server: {{{}: 1}}", "server.port: {}", "? {}\n: 1", "? {{{}: 1}}\n: 1", "a: *{}",
                      "a: &{} 1\nb: *c{}", "a: !{} 1", "a: \"{}", "a: '{}", "a: {}: b", "\ta: {}", "a: |{}\n", "%{} a", "a: [{}", "a: {{{}", "log: {{level: {}}}",
                      "providers: {{google: {{endpoints: {{token: {}}}}}}}", "push: {{public_url: {}}}", "CALENDAR_APP_TOKENS: host:{}", "database_url: postgresql://u:{}@h",
                      "a: \"\\q{}\"", "allow_insecure_endpoints: {}", "server: [{}]", "{}:\n  a: 1", "a: b\n{}", "<<: {}", "a: {}\na: {}\n...{}\n"):
            (self.stack.home / "calsync.yaml").write_text(self.new(shape.replace("{}", "{0}")))
            with self.subTest(shape):
                self.ends("check-config", "--offline", wanted=(0, 2))
        for value in ("CALSYNC_SERVER_PORT", "CALSYNC_LOG_LEVEL", "CALSYNC_ALLOW_PRIVATE_ADDRESSES", "CALSYNC_PROVIDERS_GOOGLE_ENDPOINTS_TOKEN"):
            self.stack.write_config()
            self.ends("check-config", "--offline", **{value: self.new()})
        self.assertSilent()

    def test_arguments(self):
        for arguments in (("serve", "{}"), ("run", "{}"), ("--database-url", "postgresql://u:{}@h/x", "serve"), ("--token={}",), ("{}",), ("explain", "{}"),
                          ("explain", "a", "{}"), ("check-config", "--{}"), ("check-config", "-{}"), ("--version={}",), ("rotate-keys", "{}"), ("once", "{}"),
                          ("--config", "a", "--config", "b", "{}"), ("migrate", "--", "{}")):
            self.ends(*(self.new(one) if "{}" in one else one for one in arguments))
        self.ends("--version", wanted=(0,))
        self.ends("--help", wanted=(0,))
        self.assertSilent()

    def test_environment_files_also_when_they_are_read_again(self):
        contents = ("{}\n", "A B={}\n", "A=\"{}\n", "A='{}\n", "1{}=a\n", "={}\n", "CALENDAR_SYNC_ENABLED={}\n", "CALENDAR_SYNC_ENABLED=true {}\n",
                    "CALENDAR_ALLOWLIST_PROVIDER_IDS={}\n", "export A={}\n", "A={}\0\n", "CALENDAR_TOKEN_KEYS={}\n", "DATABASE_URL={}\n", "GOOGLE_CLIENT_SECRET={}\n")
        path = self.stack.home / "flags.env"
        self.addCleanup(self.stack.write_flags)
        for content in contents:
            path.write_text(self.new(content))
            self.ends("check-config", "--offline", wanted=(0, 1, 2))
        self.stack.write_flags()
        daemons = [self.stack.start_api(), *self.stack.start_workers(1)]
        self.addCleanup(self.stack.stop_daemons)
        for content in contents:
            path.write_text(self.new(content))
            for daemon in daemons:
                after = daemon.mark()
                daemon.send(signal.SIGHUP)
                daemon.wait_log(lambda line: "read again" in line["message"], "that it has read it", after=after)
        self.printed.append(self.stack.output())
        self.printed.append(self.stack.admin.get("/api/admin/calendar/status").text)
        self.assertSilent()
        changed = {line["metadata"]["name"] for line in daemons[0].logs if "after a restart only" in line["message"]}
        self.assertGreaterEqual(changed, {"CALENDAR_TOKEN_KEYS", "DATABASE_URL", "GOOGLE_CLIENT_SECRET"})

    def test_check_config_says_which_key_seals(self):
        keys = ",".join(f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}" for name in ("k2", "k1", "k0"))
        self.ends("check-config", "--offline", wanted=(0,), CALENDAR_TOKEN_KEYS=keys)
        for text in self.printed:
            self.assertIn("token keys: 'k2' seals; also opened: k0, k1", text)


class Processes(Quiet):
    """Running daemons: their command lines, and that they leave no dump."""

    def test_no_dump_and_no_secret_in_the_process_list(self):
        self.secrets = {"app token": self.stack.app_token, "admin token": self.stack.admin_token, "client secret": self.stack.client_secret,
                        "key": self.stack.environment["CALENDAR_TOKEN_KEYS"].split(":")[1]}
        daemons = [self.stack.start_api(), *self.stack.start_workers(1)]
        for daemon in daemons:
            proc = pathlib.Path(f"/proc/{daemon.process.pid}")
            self.printed += [(proc / name).read_text() for name in ("cmdline", "comm", "status")]
            limit = next(line.split() for line in (proc / "limits").read_text().splitlines() if line.startswith("Max core file size"))
            self.assertEqual(limit[4:6], ["0", "0"])
            # The kernel gives such files of an undumpable process to root, whoever runs it.
            self.assertEqual((proc / "environ").stat().st_uid, 0)
        for daemon in daemons:
            daemon.send(signal.SIGABRT)
            self.assertEqual(daemon.wait(), -signal.SIGABRT)
        self.stack.api_process, self.stack.workers = None, []
        self.printed.append(self.stack.output())
        self.assertSilent()
        self.assertEqual(list(self.stack.home.glob("core*")), [])
        self.assertNotIn("core", json.dumps([path.name for path in pathlib.Path.cwd().glob("core.*")]))
