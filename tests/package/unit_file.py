# SPDX-License-Identifier: Apache-2.0
"""What a unit says about how its daemon is started, as far as our units say it."""
import shlex


class UnitFile:
    def __init__(self, text):
        self.settings = []
        for line in text.splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                self.settings.append((name, value))

    def all(self, name):
        return [value for key, value in self.settings if key == name]

    @property
    def command(self):
        """The words of ExecStart."""
        return shlex.split(self.all("ExecStart")[0])

    @property
    def credentials(self):
        """{name: the file that root reads it from}."""
        return dict(value.split(":", 1) for value in self.all("LoadCredential"))

    def environment(self, credentials_directory, instance=""):
        found = {}
        for value in self.all("Environment"):
            for assignment in shlex.split(value):
                name, _, text = assignment.partition("=")
                found[name] = text.replace("%d", str(credentials_directory)).replace("%i", instance)
        return found
