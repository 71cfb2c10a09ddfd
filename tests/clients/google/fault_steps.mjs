// SPDX-License-Identifier: Apache-2.0
// Faults that the control plane orders, as the official client sees them.
import assert from "node:assert/strict";
import { allEvents, apiWith, control, denied, emulator, failure, header, mint, newAccount, newApi, oauthClient, refused, timed } from "./harness.mjs";

const calendarId = "primary";
const nine = timed("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z");

// The next call of this operation meets the fault; for one account, so that steps do not meet each other's.
const order = (email, kind, more = {}, match = {}) =>
  control("POST", "/faults", { kind, match: { account: email, operation: "events.list", ...match }, ...more });

const list = (api) => api.events.list({ calendarId });

async function meets(kind, status, reason, domain, more) {
  const { email, api } = await newApi();
  await order(email, kind, more);
  const body = await refused(list(api), status, reason, { domain });
  assert.equal((await list(api)).status, 200, "the fault is over");
  return body;
}

async function retrying() {
  const email = await newAccount();
  const auth = oauthClient();
  auth.setCredentials({ access_token: (await mint(email)).access_token });
  return { email, api: apiWith(auth, { retryConfig: { retry: 3, retryDelay: 1, maxRetryDelay: 1 }, retry: true }) };
}

const callsOf = async (email) => (await control("GET", `/calls?operation=events.list&account=${email}`)).calls.map((call) => call.status);

export const steps = [
  ["403 usageLimits in its four kinds", async () => {
    await meets("forbidden_rate", 403, "rateLimitExceeded", "usageLimits");
    await meets("forbidden_user_rate", 403, "userRateLimitExceeded", "usageLimits");
    await meets("forbidden_quota", 403, "quotaExceeded", "usageLimits");
    await meets("forbidden_daily", 403, "dailyLimitExceeded", "usageLimits");
  }],
  ["403 that no waiting cures", async () => {
    await meets("forbidden", 403, "forbidden", "global");
    await meets("not_a_calendar_user", 403, "notACalendarUser", "calendar");
    await meets("forbidden_scope", 403, "insufficientPermissions", "global");
    const { error } = await meets("access_not_configured", 403, "accessNotConfigured", "usageLimits");
    assert.equal(error.details[0].reason, "SERVICE_DISABLED");
  }],
  ["the back end's and the front end's errors have their own envelopes", async () => {
    const backEnd = await meets("forbidden_rate", 403, "rateLimitExceeded", "usageLimits");
    assert.deepEqual(Object.keys(backEnd.error), ["errors", "code", "message"]);
    const frontEnd = await meets("unauthorized", 401, "authError", "global");
    assert.deepEqual(Object.keys(frontEnd.error), ["code", "message", "errors", "status", "details"]);
  }],
  ["404 and the three meanings of 410", async () => {
    await meets("not_found", 404, "notFound", "global");
    await meets("gone_full_sync", 410, "fullSyncRequired", "calendar");
    await meets("gone_updated_min", 410, "updatedMinTooLongAgo", "calendar");
    await meets("gone_deleted", 410, "deleted", "global");
  }],
  ["429 with Retry-After", async () => {
    const { email, api } = await newApi();
    await order(email, "too_many_requests", { retry_after: "7" });
    const error = await list(api).then(() => assert.fail("no error"), (reason) => reason);
    assert.equal(error.response.status, 429);
    assert.equal(header(error.response, "retry-after"), "7");
    assert.equal(error.response.data.error.errors[0].reason, "rateLimitExceeded");
  }],
  ["500, 503 and 504 backendError", async () => {
    await meets("server_error", 500, "backendError", "global");
    await meets("unavailable", 503, "backendError", "global", { retry_after: "1" });
    await meets("gateway_timeout", 504, "backendError", "global");
  }],
  ["502 with a page of HTML", async () => {
    const { email, api } = await newApi();
    await order(email, "bad_gateway_html");
    assert.match(await failure(list(api), 502), /<!DOCTYPE html>/);
  }],
  ["the library repeats 503 and 429 until they are over", async () => {
    const { email, api } = await retrying();
    await order(email, "unavailable");
    await order(email, "too_many_requests");
    assert.equal((await list(api)).status, 200);
    assert.deepEqual((await callsOf(email)).sort(), [200, 429, 503]);
  }],
  ["a fault of the second page of a chain", async () => {
    const { email, api } = await newApi();
    for (let i = 0; i < 3; i += 1) await api.events.insert({ calendarId, requestBody: nine });
    await order(email, "unauthorized", {}, { page: 2 });
    const first = (await api.events.list({ calendarId, maxResults: 2 })).data;
    const second = () => api.events.list({ calendarId, maxResults: 2, pageToken: first.nextPageToken });
    await refused(second(), 401, "authError");
    assert.equal((await second()).data.items.length, 1);
  }],
  ["malformed, truncated and empty answers are no lists", async () => {
    const { email, api } = await newApi();
    await order(email, "malformed_json");
    const malformed = await list(api).then((answer) => answer.data, (error) => error);
    assert.ok(!malformed.items, "half of a list must not look like one");
    await order(email, "empty_body");
    assert.ok(!(await list(api)).data?.items);
    await order(email, "truncated");
    await assert.rejects(list(api));
    await order(email, "drop_mid_body");
    await assert.rejects(list(api));
    await order(email, "html");
    assert.ok(!(await list(api)).data.items);
  }],
  ["a connection dropped after the commit leaves the event, and the id tells", async () => {
    const { email, api } = await newApi();
    await order(email, "drop_before", { after_commit: true }, { operation: "events.insert" });
    const insert = () => api.events.insert({ calendarId, requestBody: { id: "committed00001", summary: "There", ...nine } });
    await assert.rejects(insert());
    await refused(insert(), 409, "duplicate");
    assert.deepEqual((await allEvents(api)).items.map((item) => item.summary), ["There"]);
  }],
  ["a connection dropped before the commit leaves nothing", async () => {
    const { email, api } = await newApi();
    await order(email, "drop_before", {}, { operation: "events.insert" });
    const insert = () => api.events.insert({ calendarId, requestBody: { id: "committed00002", ...nine } });
    await assert.rejects(insert());
    assert.equal((await insert()).status, 200);
  }],
  ["the token endpoint's faults: invalid_grant, invalid_client, 503", async () => {
    const email = await newAccount();
    const auth = oauthClient();
    auth.setCredentials({ refresh_token: (await mint(email)).refresh_token });
    await order(email, "invalid_grant", {}, { operation: "token" });
    await denied(auth.refreshAccessToken(), 400, "invalid_grant", /expired or revoked/);
    await order(email, "invalid_client", {}, { operation: "token" });
    await denied(auth.refreshAccessToken(), 401, "invalid_client");
    await order(email, "unavailable", {}, { operation: "token" });
    await auth.refreshAccessToken();
    const { calls } = await control("GET", `/calls?operation=token&account=${email}`);
    assert.deepEqual(calls.map((call) => call.status), [400, 401, 503, 200], "the library repeats the 503");
  }],
  ["malformed requests: 400 parseError, 404, 405", async () => {
    const email = await newAccount();
    const auth = oauthClient();
    auth.setCredentials({ access_token: (await mint(email)).access_token });
    const request = (options) => auth.request({ retry: false, ...options });
    const root = `${emulator}/calendar/v3`;
    await refused(request({ url: `${root}/calendars/primary/events`, method: "POST", body: "{", headers: { "content-type": "application/json" } }), 400, "parseError");
    await refused(request({ url: `${root}/nothing/here` }), 404, "notFound");
    await failure(request({ url: `${root}/colors`, method: "DELETE" }), 405);
  }],
];
