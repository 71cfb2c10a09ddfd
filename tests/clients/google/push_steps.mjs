// SPDX-License-Identifier: Apache-2.0
// Notification channels: watch, stop, and the messages between.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { apiFor, control, newAccount, newApi, refused, scopePrefix, timed } from "./harness.mjs";
import { withReceiver } from "./receiver.mjs";

const calendarId = "primary";
const nine = timed("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z");
const weekMs = 604800000;

const channel = (receiver, more = {}) => ({ id: randomUUID(), type: "web_hook", address: receiver.address, ...more });
const watch = async (api, requestBody, params = {}) => (await api.events.watch({ calendarId, requestBody, ...params })).data;
const insert = (api) => api.events.insert({ calendarId, requestBody: nine });
const numbers = (messages) => messages.map((message) => message.number);
const deliveries = async (id, query = "") => (await control("GET", `/push/deliveries?channel_id=${id}${query}`)).deliveries;
const settled = () => control("GET", "/push/idle?timeout_ms=10000").then((idle) => assert.equal(idle.timed_out, false, JSON.stringify(idle)));
const fault = (kind, id, more = {}) => control("POST", "/push/faults", { kind, match: { channel_id: id, state: kind === "after_stop" ? "" : "exists" }, ...more });

// An account, its receiver, and a channel whose sync message has arrived.
const watching = (act, more = {}) => withReceiver(async (receiver) => {
  await control("POST", "/settings", { push_allow_http: true, push_retry_ms: 5 });
  const { email, api } = await newApi();
  const opened = await watch(api, channel(receiver, more));
  await receiver.arrived(1);
  await act({ email, api, receiver, opened, of: (state) => (message) => message.id === opened.id && message.state === state });
});

export const steps = [
  ["watch answers a channel of a week", () => withReceiver(async (receiver) => {
    await control("POST", "/settings", { push_allow_http: true });
    const { email, api } = await newApi();
    const asked = channel(receiver, { token: "secret of this channel" });
    const before = Date.now();
    const first = await watch(api, asked);
    assert.deepEqual([first.kind, first.id, first.token], ["api#channel", asked.id, asked.token]);
    assert.equal(first.resourceUri, `https://www.googleapis.com/calendar/v3/calendars/${email}/events?alt=json`);
    assert.match(first.expiration, /^\d{13}$/);
    assert.ok(Math.abs(Number(first.expiration) - before - weekMs) < 60000);
    const second = await watch(api, channel(receiver, { type: "webhook" }));
    assert.equal(second.resourceId, first.resourceId, "one resource, one id");
    const { api: other } = await newApi();
    assert.notEqual((await watch(other, channel(receiver))).resourceId, first.resourceId);
  })],
  ["the sync message: an empty POST with Google's headers", () => watching(async ({ receiver, opened }) => {
    const [{ method, url, headers, body }] = receiver.messages;
    assert.deepEqual([method, url, body, headers["content-length"]], ["POST", "/hooks/google?from=probe", "", "0"]);
    assert.equal(headers["user-agent"], "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google)");
    assert.equal(headers["x-goog-channel-id"], opened.id);
    assert.equal(headers["x-goog-channel-token"], "v1:conn=42");
    assert.equal(headers["x-goog-channel-expiration"], new Date(Number(opened.expiration)).toUTCString());
    assert.equal(headers["x-goog-resource-id"], opened.resourceId);
    assert.equal(headers["x-goog-resource-uri"], opened.resourceUri);
    assert.equal(headers["x-goog-resource-state"], "sync");
    assert.equal(headers["x-goog-message-number"], "1");
  }, { token: "v1:conn=42" })],
  ["the sync message may come before the answer", () => withReceiver(async (receiver) => {
    await control("POST", "/settings", { push_allow_http: true, push_sync_before_answer: true });
    const { api } = await newApi();
    const asked = channel(receiver);
    const opened = await watch(api, asked);
    await control("POST", "/settings", { push_sync_before_answer: false });
    assert.equal(opened.id, asked.id);
    assert.deepEqual(receiver.messages.map((message) => [message.id, message.state]), [[asked.id, "sync"]]);
    assert.equal(receiver.messages[0].headers["x-goog-channel-token"], undefined);
  })],
  ["each change is told once to each channel of its calendar", () => watching(async ({ email, api, receiver, opened, of }) => {
    const second = await watch(api, channel(receiver));
    await insert(await apiFor(await newAccount()));
    const { data } = await insert(api);
    await api.events.patch({ calendarId, eventId: data.id, requestBody: { summary: "Changed" } });
    await control("DELETE", "/events", { email, calendar_id: "primary", event_id: data.id });
    await settled();
    const told = receiver.messages.filter(of("exists"));
    assert.equal(told.length, 3);
    assert.equal(receiver.messages.filter((message) => message.id === second.id && message.state === "exists").length, 3);
    assert.equal(new Set(numbers(told)).size, 3);
    assert.ok(Math.min(...numbers(told)) > 1, "sync alone is number 1");
    const log = await deliveries(opened.id, "&outcome=delivered&state=exists");
    assert.deepEqual(log.map((row) => [row.status, row.attempt]), [[204, 1], [204, 1], [204, 1]]);
  })],
  ["a change of a shared calendar is told to everybody who watches it", () => watching(async ({ email, api, receiver }) => {
    const reader = await newAccount();
    await control("POST", "/calendars", { email: reader, id: email, accessRole: "reader" });
    const theirs = (await (await apiFor(reader)).events.watch({ calendarId: email, requestBody: channel(receiver) })).data;
    await insert(api);
    await receiver.arrived(1, (message) => message.id === theirs.id && message.state === "exists");
  })],
  ["what is refused", () => withReceiver(async (receiver) => {
    await control("POST", "/settings", { push_allow_http: true, push_unauthorized_host: "elsewhere.example" });
    const { email, api } = await newApi();
    const no = (status, reason, more, expected = { domain: "global" }) =>
      refused(api.events.watch({ calendarId, requestBody: channel(receiver, more) }), status, reason, expected);
    await no(400, "push.webhookUrlNotHttps", { address: "http://sync.example.com/hook" });
    await no(401, "push.webhookUrlUnauthorized", { address: "https://elsewhere.example/hook" });
    await no(400, "push.webhookUrlNoHostOrAddress", { address: "nowhere" });
    await no(400, "push.channelTypeNotSupported", { type: "pigeon" });
    await no(400, "invalid", { id: "x".repeat(65) });
    await no(400, "invalid", { token: "x".repeat(257) });
    await no(400, "invalid", { expiration: String(Date.now() - 1000) });
    await no(400, "invalid", { params: { ttl: "soon" } });
    for (const missing of ["id", "type", "address"]) await no(400, "required", { [missing]: undefined });
    await watch(api, channel(receiver, { id: "x".repeat(64), token: "y".repeat(256) }));
    await no(400, "channelIdNotUnique", { id: "x".repeat(64) });
    const holidays = "en.german#holiday@group.v.calendar.google.com";
    await control("POST", "/calendars", { email, id: holidays, summary: "Holidays", accessRole: "reader" });
    await refused(api.events.watch({ calendarId: holidays, requestBody: channel(receiver) }), 400, "pushNotSupportedForRequestedResource",
      { domain: "calendar", message: "Push notifications are not supported by this resource." });
    await refused(api.events.watch({ calendarId: "stranger@example.com", requestBody: channel(receiver) }), 404, "notFound");
    const list = await apiFor(email, `${scopePrefix}calendar.calendarlist.readonly`);
    await refused(list.events.watch({ calendarId, requestBody: channel(receiver) }), 403, "insufficientPermissions");
    await control("POST", "/settings", { push_allow_http: false });
    await no(400, "push.webhookUrlNotHttps");
  })],
  ["the strictest expiration wins", () => withReceiver(async (receiver) => {
    await control("POST", "/settings", { push_allow_http: true, push_default_ttl_seconds: 7200, push_max_ttl_seconds: 86400 });
    const { api } = await newApi();
    const life = async (more) => Math.round((Number((await watch(api, channel(receiver, more))).expiration) - Date.now()) / 60000);
    assert.equal(await life({}), 120);
    assert.equal(await life({ params: { ttl: "600" } }), 10);
    assert.equal(await life({ params: { ttl: "900000" } }), 1440, "the cap");
    const expiration = String(Date.now() + 1200000);
    assert.equal(await life({ expiration }), 20);
    assert.equal(await life({ expiration, params: { ttl: "600" } }), 10);
    await control("POST", "/settings", { push_default_ttl_seconds: 604800, push_max_ttl_seconds: 2592000 });
  })],
  ["stop ends the messages; strangers and unknown channels are 404", () => watching(async ({ api, receiver, opened, of }) => {
    const { id, resourceId } = opened;
    const { api: other } = await newApi();
    await refused(other.channels.stop({ requestBody: { id, resourceId } }), 404, "notFound");
    await refused(api.channels.stop({ requestBody: { id, resourceId: "other" } }), 404, "notFound");
    await refused(api.channels.stop({ requestBody: { id: "unknown", resourceId } }), 404, "notFound");
    await refused(api.channels.stop({ requestBody: { id } }), 400, "required");
    const answer = await api.channels.stop({ requestBody: { id, resourceId } });
    assert.deepEqual([answer.status, answer.data || ""], [204, ""]);
    await refused(api.channels.stop({ requestBody: { id, resourceId } }), 404, "notFound");
    await insert(api);
    await settled();
    assert.equal(receiver.messages.filter(of("exists")).length, 0);
    await refused(api.events.watch({ calendarId, requestBody: channel(receiver, { id }) }), 400, "channelIdNotUnique");
  })],
  ["calendarList.watch tells changes of the list, and of nothing else", () => withReceiver(async (receiver) => {
    await control("POST", "/settings", { push_allow_http: true });
    const { email, api } = await newApi();
    const { data } = await api.calendarList.watch({ requestBody: channel(receiver) });
    assert.equal(data.resourceUri, "https://www.googleapis.com/calendar/v3/users/me/calendarList?alt=json");
    await insert(api);
    await control("POST", "/calendars", { email, id: `list-${data.id}@group.calendar.google.com`, summary: "New" });
    await settled();
    assert.deepEqual(receiver.messages.map((message) => message.state).sort(), ["exists", "sync"]);
  })],
  ["a calendar that goes away is told as not_exists, once", () => withReceiver(async (receiver) => {
    await control("POST", "/settings", { push_allow_http: true });
    const { api } = await newApi();
    const id = (await api.calendars.insert({ requestBody: { summary: "Short" } })).data.id;
    await api.events.watch({ calendarId: id, requestBody: channel(receiver) });
    await api.calendars.delete({ calendarId: id });
    await settled();
    assert.deepEqual(receiver.messages.map((message) => message.state).sort(), ["not_exists", "sync"]);
  })],
  ["500, 502, 503 and 504 are tried again, with the same number", () => watching(async ({ api, receiver, opened, of }) => {
    receiver.statuses = [500, 502, 503, 504];
    await insert(api);
    await settled();
    const told = receiver.messages.filter(of("exists"));
    assert.deepEqual(told.map((message) => message.status), [500, 502, 503, 504, 204]);
    assert.equal(new Set(numbers(told)).size, 1);
    assert.deepEqual((await deliveries(opened.id, "&state=exists")).map((row) => row.outcome), ["retrying", "retrying", "retrying", "retrying", "delivered"]);
  })],
  ["every other status loses the message", () => watching(async ({ api, receiver, opened, of }) => {
    receiver.statuses = [401, 404, 302, 429, 203, 201, 202];
    for (let i = 0; i < 7; i += 1) await insert(api);
    await settled();
    assert.equal(receiver.messages.filter(of("exists")).length, 7);
    const rows = (await deliveries(opened.id, "&state=exists")).map((row) => `${row.status} ${row.outcome}`).sort();
    assert.deepEqual(rows, ["201 delivered", "202 delivered", "203 lost", "302 lost", "401 lost", "404 lost", "429 lost"]);
  })],
  ["a receiver that is down is tried again, then given up", () => watching(async ({ api, receiver, opened }) => {
    await receiver.close();
    await control("POST", "/settings", { push_retries: 2, push_retry_ms: 1 });
    await insert(api);
    await settled();
    await control("POST", "/settings", { push_retries: 5 });
    assert.deepEqual((await deliveries(opened.id, "&state=exists")).map((row) => [row.status, row.outcome]), [[0, "retrying"], [0, "retrying"], [0, "lost"]]);
  })],
  ["faults: lost, doubled, burst, delayed", () => watching(async ({ api, receiver, opened, of }) => {
    const next = async (kind, more) => {
      receiver.messages.length = 0;
      await fault(kind, opened.id, more);
      await insert(api);
      await settled();
      return numbers(receiver.messages.filter(of("exists")));
    };
    assert.deepEqual(await next("lost"), []);
    const [one, two] = await next("doubled");
    assert.equal(one, two);
    assert.equal(new Set(await next("burst", { count: 25 })).size, 25);
    const start = performance.now();
    await next("delayed", { delay_ms: 60 });
    assert.ok(receiver.messages[0].at - start >= 55);
  })],
  ["faults: a reordered message comes after the next one", () => watching(async ({ api, receiver, opened, of }) => {
    await fault("reordered", opened.id, { delay_ms: 9000 });
    await insert(api);
    await insert(api);
    const [first, second] = numbers(await receiver.arrived(2, of("exists")));
    assert.ok(first > second, `${first} before ${second}`);
  })],
  ["faults: messages after stop, forged ones, a killed and a shortened channel", () => watching(async ({ api, receiver, opened, of }) => {
    const { id, resourceId } = opened;
    const short = await watch(api, channel(receiver));
    const killed = await watch(api, channel(receiver));
    await settled();
    await control("POST", `/channels/${killed.id}/kill`);
    await control("PATCH", `/channels/${short.id}`, { lifetime_ms: 0 });
    await fault("after_stop", id, { count: 2 });
    await api.channels.stop({ requestBody: { id, resourceId } });
    await receiver.arrived(2, of("exists"));
    await insert(api);
    await settled();
    assert.equal(receiver.messages.filter((message) => [short.id, killed.id].includes(message.id) && message.state === "exists").length, 0);
    const listed = Object.fromEntries((await control("GET", "/channels")).channels.map((row) => [row.id, row]));
    assert.deepEqual([listed[id].state, listed[short.id].state, listed[killed.id].state, listed[killed.id].killed, listed[killed.id].changes_unsent],
      ["stopped", "expired", "open", true, 1]);
    await control("POST", "/push/send", { channel_id: id, headers: { "X-Goog-Channel-Token": "guessed", "X-Goog-Resource-ID": null } });
    await control("POST", "/push/send", { address: receiver.address, count: 3, headers: { "X-Goog-Channel-ID": "forged", "X-Goog-Resource-State": "exists" } });
    const [forged] = await receiver.arrived(1, (message) => message.headers["x-goog-channel-token"] === "guessed");
    assert.deepEqual([forged.id, forged.headers["x-goog-resource-id"]], [id, undefined]);
    await receiver.arrived(3, (message) => message.id === "forged");
  })],
  ["nothing is delivered after the expiration", () => watching(async ({ api, receiver, opened, of }) => {
    await fault("delayed", opened.id, { delay_ms: 50 });
    await insert(api);
    await control("POST", "/clock", { advance_seconds: 604801 });
    await settled();
    assert.equal(receiver.messages.filter(of("exists")).length, 0);
    assert.deepEqual((await deliveries(opened.id, "&state=exists")).map((row) => row.outcome), ["expired"]);
    await control("POST", "/clock", { advance_seconds: -604801 });
  })],
  ["https addresses are reached through the proxy setting", () => withReceiver(async (receiver) => {
    await control("POST", "/settings", { push_proxy: new URL(receiver.address).host, push_allow_http: false });
    const { api } = await newApi();
    await watch(api, channel(receiver, { address: "https://sync.example.com/hooks/google" }));
    const [message] = await receiver.arrived(1);
    assert.deepEqual([message.headers.host, message.url], ["sync.example.com", "/hooks/google"]);
    await control("POST", "/settings", { push_proxy: "" });
  })],
  ["10,000 messages wait without delaying an answer, a bounded number at a time", () => watching(async ({ email, api, receiver, opened, of }) => {
    await control("POST", "/push/faults", { kind: "burst", count: 10000, match: { channel_id: opened.id } });
    await insert(api);
    const start = performance.now();
    await control("GET", `/accounts/${email}`);
    assert.ok(performance.now() - start < 1000);
    const idle = await control("GET", "/push/idle?timeout_ms=20000");
    assert.equal(idle.timed_out, false, JSON.stringify(idle));
    assert.equal(new Set(numbers(receiver.messages.filter(of("exists")))).size, 10000);
    assert.ok(idle.max_in_flight <= 16, `${idle.max_in_flight}`);
  })],
];
