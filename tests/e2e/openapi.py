# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml as a judge: what is an operation, which answers it may give, and whether one is as the document says."""
import copy
import dataclasses
import datetime
import re

import jsonschema
import yaml

from stack import ROOT

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
FORMATS = jsonschema.FormatChecker(("uuid", "date"))


@FORMATS.checks("date-time", ValueError)
def is_date_time(value):
    """RFC 3339, with an offset."""
    return not isinstance(value, str) or datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is not None


class Loader(yaml.SafeLoader):
    """Texts that look like times stay texts, and no key stands twice in one mapping."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise AssertionError(f"{twice} twice in one mapping, line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


Loader.yaml_implicit_resolvers = {first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
                                  for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}


@dataclasses.dataclass
class Operation:
    """`codes`: by status those of its error answers; `callers`: the kinds of token that it takes, "" = none is needed."""
    id: str
    tag: str
    method: str
    path: str
    parameters: list
    body: dict
    responses: dict
    codes: dict
    callers: list

    def documented(self):
        """{(id, status, what)}: `what` is the code of an error, else the media type, "" of an answer without a body."""
        found = set()
        for status, response in self.responses.items():
            whats = self.codes.get(status) or list(response.get("content", {})) or [""]
            found |= {(self.id, int(status), what) for what in whats}
        return found

    def query_names(self):
        return {one["name"] for one in self.parameters if one["in"] == "query"}


def media_type(answer):
    return (answer.header("Content-Type") or "").split(";")[0].strip() if answer.body else ""


class Document:
    def __init__(self, path=ROOT / "docs" / "openapi.yaml"):
        with open(path, encoding="utf-8") as text:
            self.tree = yaml.load(text, Loader)
        self.operations = {}
        for path, item in self.tree["paths"].items():
            for method in METHODS:
                if method in item:
                    one = self._operation(path, method, item, item[method])
                    if one.id in self.operations:
                        raise AssertionError(f"two operations are called {one.id}")
                    self.operations[one.id] = one
        self.any_request = {(int(status), code) for status, codes in self.tree["x-any-request"].items() for code in codes}

    def _operation(self, path, method, item, found):
        parameters = [self.resolved(one) for one in item.get("parameters", []) + found.get("parameters", [])]
        callers = [next(iter(one), "") for one in found["security"]] or [""]
        responses = {str(status): self.resolved(one) for status, one in found["responses"].items()}
        codes = {str(status): list(names) for status, names in found.get("x-codes", {}).items()}
        return Operation(found["operationId"], found["tags"][0], method.upper(), path, parameters, self.resolved(found.get("requestBody", {})),
                         responses, codes, callers)

    def resolved(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.tree
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def schema(self, node, closed):
        """As JSON Schema, without references. `closed`: members that are not documented are errors."""
        node = copy.copy(self.resolved(node))
        if "properties" in node:
            node["properties"] = {key: self.schema(value, closed) for key, value in node["properties"].items()}
            if closed:
                node.setdefault("additionalProperties", False)
        for name in ("items", "additionalProperties"):
            if isinstance(node.get(name), dict):
                node[name] = self.schema(node[name], closed)
        for name in ("allOf", "oneOf", "anyOf"):
            if name in node:
                node[name] = [self.schema(one, closed) for one in node[name]]
        if node.pop("nullable", False):
            node = {"anyOf": [{"type": "null"}, node]}
        return node

    def check(self, schema, value, what, closed=True):
        errors = sorted(jsonschema.Draft7Validator(self.schema(schema, closed), format_checker=FORMATS).iter_errors(value), key=str)
        if errors:
            raise AssertionError(f"{what} is not as documented: " + "; ".join(f"{list(one.absolute_path)}: {one.message}" for one in errors[:5]))

    def check_request(self, operation, query, headers, body):
        """A request that was served was a documented one."""
        known = operation.query_names()
        wanted = {one["name"] for one in operation.parameters if one["in"] == "query" and one.get("required")}
        if set(query) - known or wanted - set(query):
            raise AssertionError(f"{operation.id} has served the query {sorted(query)}; documented are {sorted(known)}, required {sorted(wanted)}")
        if isinstance(body, dict):
            content = operation.body.get("content", {})
            self.check(content["application/json"]["schema"], body, f"a body that {operation.id} has served", closed=False)
        elif operation.body.get("required"):
            raise AssertionError(f"{operation.id} has served a request without the required body")

    def judge(self, operation, answer):
        """(id, status, what) of a documented answer; an AssertionError of any other."""
        kind, code = media_type(answer), answer.code if answer.status >= 400 else None
        error = self.tree["components"]["schemas"]["Error"]
        response = operation.responses.get(str(answer.status))
        if response is None or (code and code not in operation.codes.get(str(answer.status), [])):
            if (answer.status, code) in self.any_request:
                self.check(error, answer.json(), f"{operation.id} {answer.status}")
                return "any request", answer.status, code
            raise AssertionError(f"{operation.id} answers {answer.status} {code or ''}, which is not documented: {answer.text[:300]}")
        content = response.get("content", {})
        if kind not in (content or {"": None}):
            raise AssertionError(f"{operation.id} answers {answer.status} with '{kind}'; documented are {list(content)}")
        if kind == "application/json":
            self.check(content[kind].get("schema", {}), answer.json(), f"{operation.id} {answer.status}")
        for name, header in response.get("headers", {}).items():
            if answer.header(name) is None:
                raise AssertionError(f"{operation.id} answers {answer.status} without {name}")
            self.check(self.resolved(header).get("schema", {}), answer.header(name), f"{name} of {operation.id}")
        return operation.id, answer.status, code or kind

    def complaints(self):
        """What the document leaves unsaid about its operations' errors."""
        for one in self.operations.values():
            errors = {status for status, response in one.responses.items()
                      if int(status) >= 400 and "application/json" in response.get("content", {})}
            for status in sorted(errors ^ set(one.codes)):
                yield f"{one.id}: x-codes and the error answers with a JSON body differ in {status}"
            for status, codes in one.codes.items():
                told = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", one.responses.get(status, {}).get("description", "")))
                for code in set(codes) - told:
                    yield f"{one.id}: the description of {status} does not speak of {code}"
            if "" not in one.callers and "401" not in one.responses:
                yield f"{one.id} needs a token and documents no 401"
