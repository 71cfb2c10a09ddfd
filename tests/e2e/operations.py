# SPDX-License-Identifier: Apache-2.0
"""The blocks of docs/operations.md, and the duty to execute each of them."""
import csv
import io
import os
import subprocess

import documents
import harness
from stack import API, ROOT, WORKER


def all_blocks():
    return {block.key: block.text for block in documents.blocks("operations.md")}


class OperationsCase(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.blocks = all_blocks()

    def text(self, key, **values):
        """The block with these placeholders filled in."""
        text = self.blocks[key]
        for name, value in values.items():
            self.assertIn(f"<{name}>", text, key)
            text = text.replace(f"<{name}>", value)
        self.assertNotRegex(text, "<[a-z_]+>", "a placeholder was not filled in")
        self.executed.add(key)
        return text

    def run_sql(self, key, url, **values):
        """psql's rows."""
        status, output = harness.psql(url, self.text(key, **values))
        self.assertEqual(status, 0, output)
        return list(csv.DictReader(io.StringIO(output)))

    def run_sh(self, key, **environment):
        """What the block writes; any command that fails ends it and the test."""
        path = f"{API.parent}:{WORKER.parent}:{os.environ['PATH']}"
        given = {**self.stack.environment, "PATH": path, "CONFIG": str(self.stack.home / "calsync.yaml"), "SQL": str(ROOT / "sql"),
                 "API": self.stack.root, "ADMIN_TOKEN": self.stack.admin_token, **environment}
        given = {name: value for name, value in given.items() if value is not None}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.text(key)], env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout
