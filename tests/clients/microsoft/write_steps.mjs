// SPDX-License-Identifier: Apache-2.0
// Writing events, and batches.
import assert from "node:assert/strict";
import { BatchRequestContent, BatchResponseContent } from "@microsoft/microsoft-graph-client";
import { randomUUID } from "node:crypto";
import { at, control, event, graphRoot, mint, newClient, nine, once, plain, refused, spring, weekly } from "./harness.mjs";

const settings = (changes) => control("POST", "/settings", changes);
const guests = [{ type: "required", emailAddress: { address: "bob@contoso.example", name: "Bob" } }];
const batch = (graph, requests) => graph.api("/$batch").middlewareOptions([once()]).post({ requests });
const byId = (answer) => Object.fromEntries(answer.responses.map((part) => [part.id, part]));

export const steps = [
  ["create, change, delete", async () => {
    const { graph } = await newClient();
    const made = await graph.api("/me/events").post(nine());
    const changed = await graph.api(`/me/events/${made.id}`).patch({ subject: "Ten", start: at("2026-03-02T10:00:00"), end: at("2026-03-02T11:00:00") });
    assert.deepEqual([changed.id, changed.subject, changed.start.dateTime], [made.id, "Ten", "2026-03-02T10:00:00.0000000"]);
    assert.notEqual(changed.changeKey, made.changeKey);
    await graph.api(`/me/events/${made.id}`).delete();
    await refused(graph.api(`/me/events/${made.id}`).delete(), 404, "ErrorItemNotFound");
  }],
  ["the Location of what was made leads to it", async () => {
    const { email, graph } = await newClient();
    const { access_token } = await mint(email);
    const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
    const made = await plain(`${graphRoot()}/me/events`, { method: "POST", headers, body: JSON.stringify(nine()) });
    assert.equal(made.status, 201);
    assert.equal((await graph.api(made.headers.get("location")).get()).id, made.body.id);
  }],
  ["in another calendar", async () => {
    const { graph } = await newClient({ calendars: [{ name: "Work" }] });
    const work = (await graph.api("/me/calendars").get()).value[1];
    const made = await graph.api(`/me/calendars/${work.id}/events`).post(nine());
    assert.equal((await graph.api(`/me/calendars/${work.id}/events`).get()).value.length, 1);
    assert.equal((await graph.api("/me/events").get()).value.length, 0);
    assert.equal((await graph.api(`/me/events/${made.id}`).get()).id, made.id);
    await refused(graph.api(`/me/calendar/events/${made.id}`).get(), 404, "ErrorItemNotFound");
  }],
  ["If-Match with an old change key is 412", async () => {
    const { graph } = await newClient();
    const made = await graph.api("/me/events").post(nine());
    const changed = await graph.api(`/me/events/${made.id}`).header("If-Match", made["@odata.etag"]).patch({ subject: "x" });
    await refused(graph.api(`/me/events/${made.id}`).header("If-Match", made["@odata.etag"]).patch({ subject: "y" }), 412, "ErrorIrresolvableConflict");
    await refused(graph.api(`/me/events/${made.id}`).header("If-Match", made["@odata.etag"]).delete(), 412, "ErrorIrresolvableConflict");
    await graph.api(`/me/events/${made.id}`).header("If-Match", changed["@odata.etag"]).delete();
  }],
  ["a transactionId makes one event", async () => {
    const { graph } = await newClient();
    const transactionId = randomUUID();
    const made = await graph.api("/me/events").post(nine("x", { transactionId }));
    assert.equal(made.transactionId, transactionId);
    assert.equal((await graph.api("/me/events").post(nine())).transactionId, undefined);
    const again = () => graph.api("/me/events").middlewareOptions([once()]).post(nine("x", { transactionId }));
    await refused(again(), 409, "ErrorDuplicateTransactionId");
    await settings({ graph_duplicate_transaction: "400-id" });
    assert.equal(JSON.parse((await refused(again(), 400, "ErrorDuplicateTransactionId")).body)["@event.existingEventId"], made.id);
    await settings({ graph_duplicate_transaction: "201" });
    assert.equal((await again()).id, made.id);
    await settings({ graph_duplicate_transaction: "409" });
    await graph.api(`/me/events/${made.id}`).delete();
    assert.notEqual((await again()).id, made.id);
  }],
  ["an event that was made although the answer was lost", async () => {
    const { email, graph } = await newClient();
    const transactionId = randomUUID();
    await control("POST", "/faults", { match: { operation: "graph.event.create", account: email }, kind: "gateway_timeout", after_commit: true });
    const post = () => graph.api("/me/events").middlewareOptions([once()]).post(nine("x", { transactionId }));
    await refused(post(), 504);
    await refused(post(), 409, "ErrorDuplicateTransactionId");
    assert.equal((await graph.api("/me/events").get()).value.length, 1);
  }],
  ["what is refused", async () => {
    const { graph } = await newClient();
    const post = (body) => graph.api("/me/events").post(body);
    await refused(post(event("x", "2026-03-02T09:00:00", "2026-03-03T00:00:00", { isAllDay: true })), 400, "ErrorInvalidRequest");
    await refused(post(event("x", "2026-03-02T00:00:00", "2026-03-02T00:00:00", { isAllDay: true })), 400, "ErrorInvalidRequest");
    await refused(post(event("x", "2026-03-02T09:00:00", "2026-03-02T10:00:00", {}, "Nowhere")), 400, "TimeZoneNotSupportedException");
    await refused(post(event("x", "2026-03-02T10:00:00", "2026-03-02T09:00:00")), 400, "ErrorPropertyValidationFailure");
    await refused(post({ subject: "x" }), 400, "ErrorPropertyValidationFailure");
    await refused(post(nine("x", { showAs: "away" })), 400, "RequestBodyRead");
    await refused(post(weekly({ recurrence: { pattern: { type: "weekly", interval: 1 }, range: { type: "noEnd", startDate: "2026-03-02" } } })), 400, "ErrorInvalidRequest");
    await refused(post(weekly({ recurrence: { pattern: { type: "daily", interval: 1 }, range: { type: "noEnd", startDate: "2026-03-04" } } })), 400, "ErrorPropertyValidationFailure");
  }],
  ["odd values are taken or refused, and break nothing", async () => {
    const { email, graph } = await newClient();
    const { access_token } = await mint(email);
    const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
    const whole = weekly({ isAllDay: false, showAs: "busy", sensitivity: "normal", importance: "low", body: { contentType: "text", content: "x" }, location: { displayName: "x" }, locations: [{ displayName: "x" }], attendees: guests, categories: ["x"], isReminderOn: true, reminderMinutesBeforeStart: 5, transactionId: "t", isOnlineMeeting: true, extensions: [{ extensionName: "x" }], singleValueExtendedProperties: [{ id: "x", value: "y" }] });
    const odd = [null, true, 17, -1e308, "", "x", [], {}, [null], [17], [[]], { dateTime: 5 }, { emailAddress: [] }];
    const places = Object.keys(whole).map((name) => [whole, name]);
    for (const inner of ["start", "body", "location", "recurrence"]) places.push(...Object.keys(whole[inner]).map((name) => [whole[inner], name]));
    for (const inner of ["pattern", "range"]) places.push(...Object.keys(whole.recurrence[inner]).map((name) => [whole.recurrence[inner], name]));
    const { id } = await graph.api("/me/events").post(nine());
    for (const [object, name] of places) {
      const kept = object[name];
      for (const value of odd) {
        object[name] = value;
        for (const [method, path] of [["POST", "/me/events"], ["PATCH", `/me/events/${id}`]]) {
          const { status, body } = await plain(`${graphRoot()}${path}`, { method, headers, body: JSON.stringify(whole) });
          assert.ok(status < 500 && typeof body === "object", `${method} ${name} ${JSON.stringify(value)}: ${status}`);
        }
      }
      object[name] = kept;
    }
    assert.ok((await graph.api(`/me/calendarView?${spring}`).get()).value.length > 0);
  }],
  ["a changed occurrence may not reach its neighbours", async () => {
    const { graph } = await newClient();
    const master = await graph.api("/me/events").post(weekly());
    const [, second] = (await graph.api(`/me/events/${master.id}/instances?${spring}`).get()).value;
    const to = (day) => ({ start: at(`${day}T09:00:00`), end: at(`${day}T10:00:00`) });
    await refused(graph.api(`/me/events/${second.id}`).patch(to("2026-03-16")), 400, "ErrorOccurrenceCrossingBoundary");
    const moved = await graph.api(`/me/events/${second.id}`).patch(to("2026-03-11"));
    assert.deepEqual([moved.type, moved.id, moved.seriesMasterId], ["exception", second.id, master.id]);
  }],
  ["extended properties and open extensions", async () => {
    const { graph } = await newClient();
    const id = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name OurId";
    const made = await graph.api("/me/events").post(nine("x", { singleValueExtendedProperties: [{ id, value: "42" }], extensions: [{ "@odata.type": "microsoft.graph.openTypeExtension", extensionName: "com.example.sync", generation: 7 }] }));
    assert.equal(made.singleValueExtendedProperties, undefined);
    const read = await graph.api(`/me/events/${made.id}`).expand(`singleValueExtendedProperties($filter=id eq '${id}'),extensions($filter=id eq 'com.example.sync')`).get();
    assert.deepEqual(read.singleValueExtendedProperties, [{ id, value: "42" }]);
    assert.equal(read.extensions[0].generation, 7);
    const found = async (value) => (await graph.api("/me/events").filter(`singleValueExtendedProperties/Any(ep: ep/id eq '${id}' and ep/value eq '${value}')`).get()).value.length;
    assert.deepEqual([await found("42"), await found("43")], [1, 0]);
  }],
  ["attendees are mailed, others are not", async () => {
    const { graph } = await newClient();
    await control("DELETE", "/microsoft/mails");
    const { id } = await graph.api("/me/events").post(nine());
    await graph.api(`/me/events/${id}`).patch({ subject: "x" });
    assert.equal((await control("GET", "/microsoft/mails")).count, 0);
    const meeting = await graph.api("/me/events").post(nine("Meeting", { attendees: guests }));
    await graph.api(`/me/events/${meeting.id}/cancel`).post({ comment: "no" });
    assert.deepEqual((await control("GET", "/microsoft/mails")).mails.map((mail) => [mail.kind, mail.recipients]), [["invitation", 1], ["cancellation", 1]]);
  }],
  ["an invitation is answered", async () => {
    const { email, graph } = await newClient();
    const { id } = await control("POST", "/microsoft/events", { email, event: nine("Invited", { isOrganizer: false, organizer: { emailAddress: { address: "boss@fabrikam.example", name: "Boss" } }, attendees: [{ type: "required", emailAddress: { address: email } }] }) });
    const before = await graph.api(`/me/events/${id}`).get();
    assert.deepEqual([before.isOrganizer, before.responseStatus.response, before.organizer.emailAddress.name], [false, "notResponded", "Boss"]);
    await graph.api(`/me/events/${id}/tentativelyAccept`).post({ sendResponse: true });
    const after = await graph.api(`/me/events/${id}`).get();
    assert.deepEqual([after.responseStatus.response, after.showAs], ["tentativelyAccepted", "tentative"]);
    await control("PATCH", "/microsoft/events", { email, event_id: id, event: { isCancelled: true, subject: "Canceled: Invited" } });
    assert.equal((await graph.api(`/me/events/${id}`).get()).isCancelled, true);
  }],
  ["online meetings stay online", async () => {
    const { graph } = await newClient();
    const made = await graph.api("/me/events").post(nine("x", { isOnlineMeeting: true }));
    assert.deepEqual([made.onlineMeetingProvider, made.onlineMeeting.joinUrl.startsWith("https://")], ["teamsForBusiness", true]);
    assert.equal((await graph.api(`/me/events/${made.id}`).patch({ isOnlineMeeting: false })).isOnlineMeeting, true);
  }],
  ["the service changes events on its own", async () => {
    await settings({ graph_after_write_ms: 2000 });
    const { graph } = await newClient();
    const made = await graph.api("/me/events").post(nine());
    await settings({ graph_after_write_ms: 0 });
    await control("POST", "/clock", { advance_seconds: 3 });
    await refused(graph.api(`/me/events/${made.id}`).header("If-Match", made["@odata.etag"]).patch({ subject: "y" }), 412);
  }],
  ["without the write permission", async () => {
    const { graph } = await newClient({}, "User.Read Calendars.Read");
    await refused(graph.api("/me/events").post(nine()), 403, "ErrorAccessDenied");
  }],
  ["a batch, built and read by the client", async () => {
    const { graph } = await newClient();
    const steps = [["1", "/me"], ["2", "/me/calendar"]].map(([id, url]) => ({ id, request: new Request(`https://graph.microsoft.com${url}`, { method: "GET" }) }));
    const content = await new BatchRequestContent(steps).getContent();
    const answer = new BatchResponseContent(await graph.api("/$batch").post(content));
    assert.equal((await answer.getResponseById("2").json()).name, "Calendar");
  }],
  ["failures stay inside of a batch", async () => {
    const { email, graph } = await newClient();
    await control("POST", "/faults", { match: { operation: "graph.calendars.list", account: email }, kind: "too_many_requests", retry_after: "3" });
    const parts = byId(await batch(graph, [
      { id: "a", method: "POST", url: "/me/events", headers: { "Content-Type": "application/json" }, body: nine("Batched") },
      { id: "b", method: "GET", url: "/me/events?$top=1", dependsOn: ["a"] },
      { id: "c", method: "GET", url: "/me/calendars" },
      { id: "d", method: "GET", url: "/me/calendar", dependsOn: ["c"] },
      { id: "e", method: "GET", url: "/me/events/garbage" }]));
    assert.deepEqual([parts.a.status, parts.b.status, parts.c.status, parts.d.status, parts.e.status], [201, 200, 429, 424, 400]);
    assert.equal(parts.b.body.value[0].subject, "Batched");
    assert.equal(parts.c.headers["Retry-After"], "3");
    assert.equal(parts.e.body.error.code, "ErrorInvalidIdMalformed");
  }],
  ["batches that are refused", async () => {
    const { graph } = await newClient();
    const get = (id) => ({ id, method: "GET", url: "/me" });
    await refused(batch(graph, Array.from({ length: 21 }, (_, i) => get(`${i}`))), 400, "BadRequest");
    await refused(batch(graph, [get("a"), get("A")]), 400, "BadRequest");
    await refused(batch(graph, [{ ...get("a"), dependsOn: ["z"] }]), 400, "BadRequest");
    await refused(batch(graph, []), 400, "BadRequest");
    assert.equal((await batch(graph, Array.from({ length: 20 }, (_, i) => get(`${i}`)))).responses.length, 20);
  }],
];
