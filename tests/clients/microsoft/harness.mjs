// SPDX-License-Identifier: Apache-2.0
// What the Microsoft steps need: the official client, accounts, tokens, and expectations of refusals.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { request as forward } from "node:http";
import { createServer } from "node:https";
import { Client, RetryHandlerOptions } from "@microsoft/microsoft-graph-client";
import { client, control, emulator, redirectUri } from "../google/harness.mjs";

export { client, control, emulator, redirectUri };
export const entra = (tenant = "common") => `${emulator}/entra/${tenant}/oauth2/v2.0`;
export const everyScope = "openid profile email offline_access User.Read Calendars.ReadWrite";

// The client gives its token to https hosts alone, so something that ends TLS stands in front of the emulator.
export async function startFront() {
  const { hostname, port } = new URL(emulator);
  const server = createServer({ key: readFileSync(process.env.FRONT_KEY), cert: readFileSync(process.env.FRONT_CERT) }, (inward, outward) => {
    const onward = forward({ hostname, port, method: inward.method, path: inward.url, headers: { ...inward.headers, "x-forwarded-proto": "https" } }, (answer) => {
      outward.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outward);
    });
    onward.on("error", () => outward.destroy());
    inward.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  front = `https://127.0.0.1:${server.address().port}/graph`;
  return server;
}
let front;
export const graphRoot = () => `${front}/v1.0`;

let users = 0;
// An account of its own for a step; gives its id and calendars too.
export async function newUser(more = {}) {
  users += 1;
  return control("POST", "/microsoft/accounts", { email: `user-${users}@contoso.example`, name: "Grace Hopper", timeZone: "W. Europe Standard Time", ...more });
}

export const mint = (email, scope) => control("POST", "/microsoft/tokens", { email, ...(scope ? { scope } : {}) });

export function clientWith(token) {
  return Client.initWithMiddleware({
    authProvider: { getAccessToken: async () => token },
    baseUrl: front,
    defaultVersion: "v1.0",
    customHosts: new Set(["127.0.0.1"]),
  });
}

export async function newClient(more, scope) {
  const user = await newUser(more);
  return { user, email: user.email, graph: clientWith((await mint(user.email, scope)).access_token) };
}

export const once = () => new RetryHandlerOptions(0, 0);

// The call has to fail so, in Graph's envelope.
export async function refused(call, status, code) {
  try {
    await call;
  } catch (error) {
    assert.equal(error.statusCode, status, `${error.statusCode} ${error.code} ${error.message}`);
    if (code) assert.equal(error.code, code, error.message);
    assert.ok(error.requestId, "no request-id in the error");
    return error;
  }
  assert.fail(`expected ${status}`);
}

// Any HTTP call, without a client library.
export async function plain(url, options = {}) {
  const answer = await fetch(url, { redirect: "manual", ...options });
  const text = await answer.text();
  let body = text;
  try { body = JSON.parse(text); } catch { /* not every answer is JSON */ }
  return { status: answer.status, headers: answer.headers, body };
}

export const pkce = () => {
  const verifier = randomBytes(48).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
};

// The consent page, answered by parameters; gives the parameters of the redirect.
export async function authorize(email, more = {}, tenant = "common") {
  const query = new URLSearchParams({ client_id: client.id, response_type: "code", redirect_uri: redirectUri, scope: everyScope, state: "s-1", ...(email ? { emulator_account: email } : {}), ...more });
  const answer = await plain(`${entra(tenant)}/authorize?${query}`);
  if (answer.status !== 302) return { page: answer };
  return Object.fromEntries(new URL(answer.headers.get("location")).searchParams);
}

export const token = (form, tenant = "common") => plain(`${entra(tenant)}/token`, {
  method: "POST", body: new URLSearchParams({ client_id: client.id, client_secret: client.secret, ...form }) });

export async function denied(answer, status, error, number) {
  const { status: got, body } = await answer;
  assert.equal(got, status, JSON.stringify(body));
  assert.equal(body.error, error, JSON.stringify(body));
  assert.match(body.error_description, new RegExp(`^AADSTS${number}: `));
  assert.deepEqual(body.error_codes, [number]);
  for (const name of ["timestamp", "trace_id", "correlation_id", "error_uri"]) assert.ok(body[name], name);
  return body;
}

export const at = (dateTime, timeZone = "UTC") => ({ dateTime, timeZone });
export const event = (subject, start, end, more = {}, zone = "UTC") => ({ subject, start: at(start, zone), end: at(end, zone), ...more });
export const nine = (subject = "Nine", more = {}) => event(subject, "2026-03-02T09:00:00", "2026-03-02T10:00:00", more);
export const weekly = (more = {}) => event("Weekly", "2026-03-02T09:00:00", "2026-03-02T09:30:00", {
  recurrence: { pattern: { type: "weekly", interval: 1, daysOfWeek: ["monday"], firstDayOfWeek: "monday" }, range: { type: "numbered", startDate: "2026-03-02", numberOfOccurrences: 8 } }, ...more }, "W. Europe Standard Time");

export const spring = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-06-01T00:00:00Z";
export const immutable = 'IdType="ImmutableId"';

// A delta round from a path or link to its deltaLink.
export async function round(graph, path, prefer = 'odata.maxpagesize=50, outlook.timezone="UTC"') {
  const items = [];
  const pages = [];
  for (let link = path; link;) {
    const page = await graph.api(link).header("Prefer", prefer).middlewareOptions([once()]).get();
    assert.equal(Boolean(page["@odata.nextLink"]), !page["@odata.deltaLink"], "exactly one link");
    pages.push(page);
    assert.ok(pages.length < 200, "pages without end");
    items.push(...page.value);
    link = page["@odata.nextLink"];
  }
  return { items, pages, link: pages.at(-1)["@odata.deltaLink"] };
}
export const deltaPath = `/me/calendarView/delta?${spring}`;
