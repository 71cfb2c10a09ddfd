// SPDX-License-Identifier: Apache-2.0
// Subscriptions: the handshake, notifications, renewal, lifecycle, and what goes wrong with them.
import assert from "node:assert/strict";
import { control, immutable, newClient, newUser, nine, once, refused, weekly } from "./harness.mjs";
import { withReceiver } from "./receiver.mjs";

const settings = (changes) => control("POST", "/settings", changes);
const inDays = (days) => new Date(Date.now() + days * 86400000).toISOString();
const wish = (receiver, more = {}) => ({ changeType: "created,updated,deleted", notificationUrl: receiver.address, resource: "me/events", expirationDateTime: inDays(2), clientState: "secret-1", ...more });
const subscribe = (graph, body, prefer) => {
  const request = graph.api("/subscriptions").middlewareOptions([once()]);
  return (prefer ? request.header("Prefer", prefer) : request).post(body);
};
const kinds = (items) => items.map((item) => item.changeType);
const settled = () => control("GET", "/push/idle?timeout_ms=10000").then((idle) => assert.equal(idle.timed_out, false, JSON.stringify(idle)));
const fault = (kind, id, more = {}) => control("POST", "/push/faults", { kind, match: { channel_id: id }, ...more });

const watching = (act, more = {}, prefer) => withReceiver(async (receiver) => {
  await settings({ push_allow_http: true, graph_notification_retry_ms: 5, graph_notification_echoes: 0 });
  const { user, email, graph } = await newClient();
  const made = await subscribe(graph, wish(receiver, typeof more === "function" ? await more(graph, receiver) : more), prefer);
  await act({ user, email, graph, receiver, made });
});

export const steps = [
  ["the handshake comes while the call is open", () => watching(async ({ user, receiver, made }) => {
    const [validation] = receiver.validations;
    assert.equal(receiver.validations.length, 1);
    assert.match(validation.url, /^\/hooks\/graph\?c=42&validationToken=.*\+/);
    assert.match(validation.type, /^text\/plain/);
    assert.deepEqual([made.resource, made.changeType, made.clientState, made.notificationUrl, made.latestSupportedTlsVersion, made.creatorId], ["me/events", "created,updated,deleted", "secret-1", receiver.address, "v1_2", user.oid]);
    assert.ok(made.id && made.applicationId && made.expirationDateTime);
  })],
  ["wrong answers to the handshake", () => withReceiver(async (receiver) => {
    await settings({ push_allow_http: true });
    const { graph } = await newClient();
    const answers = [
      (token, response) => response.writeHead(202, { "content-type": "text/plain" }).end(token),
      (token, response) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(token)),
      (token, response) => response.writeHead(200, { "content-type": "text/plain" }).end(encodeURIComponent(token)),
      (token, response) => response.writeHead(200, { "content-type": "text/plain" }).end(`${token}\n`),
      (token, response) => response.destroy(),
    ];
    for (const answer of answers) {
      receiver.answerValidation = answer;
      await refused(subscribe(graph, wish(receiver)), 400, "ValidationError");
    }
    assert.deepEqual((await graph.api("/subscriptions").get()).value, []);
  })],
  ["both addresses are validated", () => watching(async ({ receiver, made }) => {
    assert.deepEqual(receiver.validations.map(({ url }) => url.split("?")[0]).sort(), ["/hooks/graph", "/hooks/life"]);
    assert.equal(made.lifecycleNotificationUrl, receiver.lifecycle);
  }, (graph, receiver) => ({ lifecycleNotificationUrl: receiver.lifecycle }))],
  ["a notification names what changed", () => watching(async ({ user, graph, receiver, made }) => {
    const event = await graph.api("/me/events").post(nine());
    const [item] = await receiver.arrived(1);
    assert.deepEqual([item.subscriptionId, item.changeType, item.clientState, item.tenantId], [made.id, "created", "secret-1", user.tenant]);
    assert.equal(item.resource, `Users/${user.id}/Events/${event.id}`);
    assert.deepEqual(item.resourceData, { "@odata.type": "#Microsoft.Graph.Event", "@odata.id": item.resource, "@odata.etag": event["@odata.etag"], id: event.id });
    await graph.api(`/me/events/${event.id}`).patch({ subject: "x" });
    await graph.api(`/me/events/${event.id}`).delete();
    assert.deepEqual(kinds(await receiver.arrived(3)), ["created", "updated", "deleted"]);
  })],
  ["one change is said more than once", () => watching(async ({ graph, receiver }) => {
    await settings({ graph_notification_echoes: 2 });
    await graph.api("/me/events").post(nine());
    assert.deepEqual(kinds(await receiver.arrived(3)).sort(), ["created", "updated", "updated"]);
    await settings({ graph_notification_echoes: 0 });
  })],
  ["only the kinds that were asked for", () => watching(async ({ graph, receiver }) => {
    const { id } = await graph.api("/me/events").post(nine());
    await graph.api(`/me/events/${id}`).delete();
    assert.deepEqual(kinds(await receiver.arrived(1)), ["deleted"]);
  }, { changeType: "deleted" })],
  ["immutable ids when the subscription was made with them", () => watching(async ({ graph, receiver }) => {
    const { id } = await graph.api("/me/events").post(nine());
    const [item] = await receiver.arrived(1);
    assert.notEqual(item.resourceData.id, id);
    assert.equal((await graph.api(`/me/events/${item.resourceData.id}`).get()).subject, "Nine");
  }, {}, immutable)],
  ["a removed occurrence is an update of its master", () => watching(async ({ graph, receiver }) => {
    const master = await graph.api("/me/events").post(weekly());
    const [first] = (await graph.api(`/me/events/${master.id}/instances?startDateTime=2026-03-01&endDateTime=2026-06-01`).get()).value;
    await graph.api(`/me/events/${first.id}`).delete();
    const [, item] = await receiver.arrived(2);
    assert.deepEqual([item.changeType, item.resourceData.id], ["updated", master.id]);
  })],
  ["me/events hears of the default calendar alone, a calendar's resource of that calendar", () => withReceiver(async (receiver) => {
    await settings({ push_allow_http: true, graph_notification_echoes: 0 });
    const { graph } = await newClient({ calendars: [{ name: "Work" }] });
    const work = (await graph.api("/me/calendars").get()).value[1];
    await subscribe(graph, wish(receiver));
    await graph.api(`/me/calendars/${work.id}/events`).post(nine());
    await settled();
    assert.deepEqual(receiver.items, []);
    const made = await subscribe(graph, wish(receiver, { resource: `me/calendars/${work.id}/events` }));
    await graph.api(`/me/calendars/${work.id}/events`).post(nine());
    assert.equal((await receiver.arrived(1))[0].subscriptionId, made.id);
  })],
  ["what is refused", () => withReceiver(async (receiver) => {
    await settings({ push_allow_http: true });
    const { graph } = await newClient();
    const { id } = await graph.api("/me/events").post(nine());
    for (const more of [{ expirationDateTime: inDays(8) }, { expirationDateTime: inDays(-1) }, { changeType: "moved" }, { resource: `me/events/${id}` }, { notificationUrl: "ftp://x/" }, { notificationUrl: "http://calsync.example/" }, { clientState: "x".repeat(129) }])
      await refused(subscribe(graph, wish(receiver, more)), 400, "InvalidRequest");
    const other = await newUser();
    await refused(subscribe(graph, wish(receiver, { resource: `users/${other.id}/events` })), 403, "ExtensionError");
  })],
  ["the same again is 409", () => watching(async ({ graph, receiver, made }) => {
    assert.match((await refused(subscribe(graph, wish(receiver)), 409)).message, new RegExp(made.id));
    await settings({ graph_duplicate_subscription: "201" });
    await subscribe(graph, wish(receiver));
    await settings({ graph_duplicate_subscription: "409" });
    assert.equal((await graph.api("/subscriptions").get()).value.length, 2);
  })],
  ["a short life becomes 45 minutes", () => watching(async ({ made }) => {
    assert.ok(Math.abs(Date.parse(made.expirationDateTime) - Date.now() - 45 * 60000) < 60000);
  }, { expirationDateTime: new Date(Date.now() + 60000).toISOString() })],
  ["renewed, read, deleted", () => watching(async ({ graph, receiver, made }) => {
    const renewed = await graph.api(`/subscriptions/${made.id}`).patch({ expirationDateTime: inDays(5) });
    assert.ok(Date.parse(renewed.expirationDateTime) > Date.parse(made.expirationDateTime));
    assert.equal((await graph.api(`/subscriptions/${made.id}`).get()).clientState, "secret-1");
    await refused(graph.api(`/subscriptions/${made.id}`).patch({ lifecycleNotificationUrl: receiver.lifecycle }), 400);
    await refused(graph.api(`/subscriptions/${made.id}`).patch({ expirationDateTime: inDays(9) }), 400);
    await graph.api(`/subscriptions/${made.id}`).delete();
    await refused(graph.api(`/subscriptions/${made.id}`).patch({ expirationDateTime: inDays(5) }), 404, "ResourceNotFound");
    await graph.api("/me/events").post(nine());
    await settled();
    assert.deepEqual(receiver.items, []);
  })],
  ["foreign subscriptions are not there", () => watching(async ({ made }) => {
    const { graph } = await newClient();
    await refused(graph.api(`/subscriptions/${made.id}`).get(), 404);
    assert.deepEqual((await graph.api("/subscriptions").get()).value, []);
  })],
  ["one that is over says nothing", () => watching(async ({ graph, receiver, made }) => {
    await control("PATCH", `/microsoft/subscriptions/${made.id}`, { lifetime_ms: 0 });
    await graph.api("/me/events").post(nine());
    await settled();
    assert.deepEqual(receiver.items, []);
    await refused(graph.api(`/subscriptions/${made.id}`).get(), 404);
  })],
  ["one that dies silently", () => watching(async ({ graph, receiver, made }) => {
    await control("POST", `/microsoft/subscriptions/${made.id}/kill`);
    await graph.api("/me/events").post(nine());
    await settled();
    assert.deepEqual(receiver.items, []);
    assert.equal((await graph.api(`/subscriptions/${made.id}`).get()).id, made.id);
    assert.equal((await control("GET", `/microsoft/subscriptions/${made.id}`)).changes_unsent, 1);
  })],
  ["a failing receiver is tried again", () => watching(async ({ graph, receiver }) => {
    receiver.statuses.push(503, 404);
    await graph.api("/me/events").post(nine());
    await receiver.arrived(3);
    await settled();
    assert.equal(new Set(receiver.items.map((item) => item.resourceData.id)).size, 1);
  })],
  ["lost, doubled, late", () => watching(async ({ graph, receiver, made }) => {
    await fault("lost", made.id);
    await graph.api("/me/events").post(nine("lost"));
    await fault("doubled", made.id);
    await graph.api("/me/events").post(nine("doubled"));
    await receiver.arrived(2);
    await fault("delayed", made.id, { delay_ms: 200 });
    const before = performance.now();
    await graph.api("/me/events").post(nine("late"));
    await receiver.arrived(3);
    assert.ok(performance.now() - before > 150);
    await settled();
    assert.equal(receiver.items.length, 3);
    assert.equal((await control("GET", `/push/deliveries?channel_id=${made.id}&outcome=fault_lost`)).count, 1);
  })],
  ["a receiver that is too slow hears no more", () => watching(async ({ graph, receiver }) => {
    await settings({ graph_slow_ms: 20, graph_very_slow_ms: 20, graph_health_answers: 2 });
    receiver.delayMs = 60;
    await graph.api("/me/events").post(nine("1"));
    await graph.api("/me/events").post(nine("2"));
    await receiver.arrived(2);
    await settled();
    await graph.api("/me/events").post(nine("3"));
    await settled();
    assert.equal(receiver.items.length, 2);
    assert.equal((await control("GET", "/microsoft/notifications")).endpoints.some((row) => row.dropped), true);
    await settings({ graph_slow_ms: 3000, graph_very_slow_ms: 10000, graph_health_answers: 100 });
  })],
  ["one message for several users and tenants", () => withReceiver(async (receiver) => {
    await settings({ push_allow_http: true, graph_notification_batch_ms: 100, graph_notification_echoes: 0 });
    const clients = [await newClient(), await newClient({ email: `other-${Date.now()}@fabrikam.example` })];
    for (const { graph } of clients) await subscribe(graph, wish(receiver));
    for (const { graph } of clients) await graph.api("/me/events").post(nine());
    await receiver.arrived(2);
    await settings({ graph_notification_batch_ms: 0 });
    assert.equal(receiver.posts.length, 1);
    assert.equal(new Set(receiver.items.map((item) => item.tenantId)).size, 2);
  })],
  ["lifecycle: reauthorization pauses until it is done", () => watching(async ({ graph, receiver, made }) => {
    await control("POST", `/microsoft/subscriptions/${made.id}/lifecycle`, { event: "reauthorizationRequired" });
    const [item] = await receiver.arrived(1);
    assert.deepEqual([item.lifecycleEvent, item.subscriptionId, item.clientState, item.resource], ["reauthorizationRequired", made.id, "secret-1", undefined]);
    await graph.api("/me/events").post(nine("in the gap"));
    await graph.api(`/subscriptions/${made.id}/reauthorize`).post({});
    const { id } = await graph.api("/me/events").post(nine("after it"));
    assert.equal((await receiver.arrived(2))[1].resourceData.id, id);
  }, (graph, receiver) => ({ lifecycleNotificationUrl: receiver.lifecycle }))],
  ["lifecycle: missed, removed", () => watching(async ({ graph, receiver, made }) => {
    await control("POST", `/microsoft/subscriptions/${made.id}/lifecycle`, { event: "missed" });
    await control("POST", `/microsoft/subscriptions/${made.id}/lifecycle`, { event: "subscriptionRemoved" });
    assert.deepEqual((await receiver.arrived(2)).map((item) => item.lifecycleEvent), ["missed", "subscriptionRemoved"]);
    await refused(graph.api(`/subscriptions/${made.id}`).get(), 404);
  }, (graph, receiver) => ({ lifecycleNotificationUrl: receiver.lifecycle }))],
  ["forged messages", () => watching(async ({ receiver, made }) => {
    await control("POST", "/microsoft/notifications", { subscription_ids: [made.id], client_state: "guessed" });
    await control("POST", "/microsoft/notifications", { address: receiver.address, items: [{ subscriptionId: "nobody" }] });
    const items = await receiver.arrived(2);
    assert.deepEqual(items.map((item) => item.clientState), ["guessed", undefined]);
  })],
];
