// SPDX-License-Identifier: Apache-2.0
// Single events: get, insert, patch, update, delete, import, move; etags and preconditions.
import assert from "node:assert/strict";
import { allEvents, apiFor, control, header, ids, newAccount, newApi, refused, timed } from "./harness.mjs";

const calendarId = "primary";
const nine = timed("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z");
let names = 0;
const newId = () => `probe${(names += 1).toString().padStart(6, "0")}`;

async function one(more = {}) {
  const { email, api } = await newApi();
  const event = (await api.events.insert({ calendarId, requestBody: { summary: "One", ...nine, ...more } })).data;
  return { email, api, event, eventId: event.id };
}

// An invitation of somebody else's in the account's calendar.
async function invited() {
  const { email, api } = await newApi();
  const attendees = [{ email: "boss@example.com", responseStatus: "accepted" }, { email, responseStatus: "needsAction" }];
  const event = { id: newId(), summary: "Review", ...nine, organizer: { email: "boss@example.com" }, attendees };
  await control("POST", "/events", { email, calendar_id: "primary", event });
  return { email, api, eventId: event.id };
}

const match = (etag) => ({ headers: { "If-Match": etag } });

export const steps = [
  ["insert answers 200 with the whole event", async () => {
    const { email, api } = await newApi();
    const answer = await api.events.insert({ calendarId, requestBody: { summary: "One", ...nine } });
    const { data } = answer;
    assert.equal(answer.status, 200);
    assert.deepEqual([data.kind, data.status, data.eventType, data.sequence], ["calendar#event", "confirmed", "default", 0]);
    assert.equal(data.iCalUID, `${data.id}@google.com`);
    assert.deepEqual([data.creator, data.organizer], [{ email, self: true }, { email, self: true }]);
    assert.match(data.updated, /\.\d{3}Z$/);
    assert.equal(header(answer, "etag"), data.etag);
    for (const absent of ["description", "location", "attendees", "recurrence", "transparency"]) assert.ok(!(absent in data), absent);
    assert.deepEqual((await api.events.get({ calendarId, eventId: data.id })).data, data);
  }],
  ["an all-day event keeps its dates", async () => {
    const { event } = await one({ start: { date: "2026-03-02" }, end: { date: "2026-03-04" } });
    assert.deepEqual([event.start, event.end], [{ date: "2026-03-02" }, { date: "2026-03-04" }]);
  }],
  ["insert refuses what has no sense", async () => {
    const { api } = await newApi();
    const bad = [
      [{ start: nine.start }, "required"], [{ ...nine, start: { date: "2026-03-02" } }, "invalid"],
      [timed("2026-03-02T10:00:00Z", "2026-03-02T09:00:00Z"), "timeRangeEmpty"], [timed("2026-03-02T09:00:00", "2026-03-02T10:00:00"), "required"],
      [{ ...nine, recurrence: ["RRULE:FREQ=DAILY;COUNT=2"] }, "required"], [{ ...nine, status: "maybe" }, "invalid"],
      [{ ...timed("2026-03-02T09:00:00", "2026-03-02T10:00:00", "UTC"), recurrence: ["DTSTART:20260302T090000Z"] }, "invalid"]];
    for (const [requestBody, reason] of bad) await refused(api.events.insert({ calendarId, requestBody }), 400, reason);
  }],
  ["a client's id is kept, and refused when it is malformed", async () => {
    const { api } = await newApi();
    const id = newId();
    assert.equal((await api.events.insert({ calendarId, requestBody: { id, ...nine } })).data.id, id);
    for (const bad of ["abcd", "With-Dashes-1", "wxyz12345"])
      await refused(api.events.insert({ calendarId, requestBody: { id: bad, ...nine } }), 400, "invalid", { message: "Invalid resource id value." });
  }],
  ["a known id is 409 duplicate, also after its event was deleted", async () => {
    const { api, event, eventId } = await one({ id: newId() });
    const again = () => refused(api.events.insert({ calendarId, requestBody: { id: eventId, ...nine } }), 409, "duplicate",
      { domain: "global", message: "The requested identifier already exists." });
    await again();
    await api.events.delete({ calendarId, eventId });
    await again();
    const revived = (await api.events.update({ calendarId, eventId, requestBody: { ...nine, summary: "Back", status: "confirmed" } })).data;
    assert.deepEqual([revived.id, revived.status, revived.iCalUID], [eventId, "confirmed", event.iCalUID]);
  }],
  ["get: If-None-Match is 304 until the event changes", async () => {
    const { api, event, eventId } = await one();
    const ask = () => api.events.get({ calendarId, eventId }, { headers: { "If-None-Match": event.etag } });
    assert.equal((await ask()).status, 304);
    await api.events.patch({ calendarId, eventId, requestBody: { summary: "Two" } });
    assert.equal((await ask()).data.summary, "Two");
    const { data } = await api.calendarList.list();
    assert.equal((await api.calendarList.list({}, { headers: { "If-None-Match": data.etag } })).status, 304);
  }],
  ["get: unknown is 404, deleted is a cancelled event", async () => {
    const { api, eventId } = await one();
    await refused(api.events.get({ calendarId, eventId: "nothinghere" }), 404, "notFound", { domain: "global", message: "Not Found" });
    await api.events.delete({ calendarId, eventId });
    assert.equal((await api.events.get({ calendarId, eventId })).data.status, "cancelled");
  }],
  ["If-Match of an old etag is 412 and changes nothing", async () => {
    const { api, event, eventId } = await one();
    const newer = (await api.events.patch({ calendarId, eventId, requestBody: { summary: "Newer" } }, match(event.etag))).data;
    assert.notEqual(newer.etag, event.etag);
    const expected = { domain: "global", locationType: "header", location: "If-Match" };
    await refused(api.events.patch({ calendarId, eventId, requestBody: { summary: "x" } }, match(event.etag)), 412, "conditionNotMet", expected);
    await refused(api.events.update({ calendarId, eventId, requestBody: nine }, match(event.etag)), 412, "conditionNotMet", expected);
    await refused(api.events.delete({ calendarId, eventId }, match(event.etag)), 412, "conditionNotMet", expected);
    assert.deepEqual((await api.events.get({ calendarId, eventId })).data, newer);
    assert.equal((await api.events.delete({ calendarId, eventId }, match(newer.etag))).status, 204);
  }],
  ["patch merges objects, replaces arrays and clears with null", async () => {
    const { api, eventId } = await one({
      description: "long", attendees: [{ email: "a@example.com" }, { email: "b@example.com" }], extendedProperties: { private: { a: "1", b: "2" } } });
    const { data } = await api.events.patch({ calendarId, eventId, requestBody: {
      description: null, attendees: [{ email: "b@example.com" }], extendedProperties: { private: { b: "3", c: "4" } } } });
    assert.deepEqual([data.summary, data.description], ["One", undefined]);
    assert.deepEqual(data.attendees.map((person) => person.email), ["b@example.com"]);
    assert.deepEqual(data.extendedProperties.private, { a: "1", b: "3", c: "4" });
  }],
  ["patch turns timed into all-day, and a new time raises the sequence", async () => {
    const { api, event, eventId } = await one();
    const { data } = await api.events.patch({ calendarId, eventId, requestBody: {
      start: { date: "2026-03-02", dateTime: null, timeZone: null }, end: { date: "2026-03-03", dateTime: null, timeZone: null } } });
    assert.deepEqual(data.start, { date: "2026-03-02" });
    assert.equal(data.sequence, event.sequence + 1);
    await refused(api.events.patch({ calendarId, eventId, requestBody: { sequence: 0 } }), 400, "invalid");
  }],
  ["update replaces everything", async () => {
    const { api, eventId } = await one({ description: "long", location: "Here", attendees: [{ email: "a@example.com" }] });
    const { data } = await api.events.update({ calendarId, eventId, requestBody: { summary: "Only this", ...nine } });
    assert.equal(data.summary, "Only this");
    for (const reset of ["description", "location", "attendees"]) assert.ok(!(reset in data), reset);
    await refused(api.events.update({ calendarId, eventId, requestBody: { summary: "No time" } }), 400, "required");
    await refused(api.events.update({ calendarId, eventId: "nothinghere", requestBody: nine }), 404, "notFound");
  }],
  ["what get answers may be sent back whole", async () => {
    const { api, eventId } = await one({ location: "Here", attendees: [{ email: "a@example.com" }], reminders: { useDefault: false, overrides: [{ method: "popup", minutes: 5 }] } });
    const before = (await api.events.get({ calendarId, eventId })).data;
    const after = (await api.events.update({ calendarId, eventId, requestBody: { ...before, summary: "Sent back" } })).data;
    for (const changing of ["etag", "updated", "summary"]) delete before[changing], delete after[changing];
    assert.deepEqual(after, before);
  }],
  ["a guest's answer between reading and writing is 412", async () => {
    const { email, api, event, eventId } = await one({ attendees: [{ email: "a@example.com" }] });
    await control("PATCH", "/events", { email, calendar_id: "primary", event_id: eventId, event: { attendees: [{ email: "a@example.com", responseStatus: "accepted" }] } });
    const write = (etag) => api.events.patch({ calendarId, eventId, requestBody: { summary: "Mine" } }, match(etag));
    await refused(write(event.etag), 412, "conditionNotMet");
    const fresh = (await api.events.get({ calendarId, eventId })).data;
    assert.equal((await write(fresh.etag)).data.attendees[0].responseStatus, "accepted");
  }],
  ["conference data counts only with conferenceDataVersion=1", async () => {
    const { api } = await newApi();
    const requestBody = { ...nine, conferenceData: { conferenceId: "abc", entryPoints: [{ entryPointType: "video", uri: "https://meet.example/abc" }] } };
    const without = (await api.events.insert({ calendarId, requestBody })).data;
    assert.equal(without.conferenceData, undefined);
    const eventId = (await api.events.insert({ calendarId, conferenceDataVersion: 1, requestBody })).data.id;
    const kept = (await api.events.update({ calendarId, eventId, sendUpdates: "none", requestBody: nine })).data;
    assert.equal(kept.conferenceData.conferenceId, "abc");
    const cleared = (await api.events.update({ calendarId, eventId, conferenceDataVersion: 1, requestBody: nine })).data;
    assert.equal(cleared.conferenceData, undefined);
  }],
  ["delete: 204, then 410 deleted; unknown 404; patch of the deleted 403", async () => {
    const { api, eventId } = await one();
    const { status, data } = await api.events.delete({ calendarId, eventId });
    assert.equal(status, 204);
    assert.ok(!data);
    await refused(api.events.delete({ calendarId, eventId }), 410, "deleted", { domain: "global", message: "Resource has been deleted" });
    await refused(api.events.delete({ calendarId, eventId: "nothinghere" }), 404, "notFound");
    await refused(api.events.patch({ calendarId, eventId, requestBody: { summary: "x" } }), 403, "forbidden");
  }],
  ["a guest answers, and may not change what the organizer owns", async () => {
    const { email, api, eventId } = await invited();
    const answer = { attendeesOmitted: true, attendees: [{ email, responseStatus: "accepted" }] };
    const { data } = await api.events.patch({ calendarId, eventId, requestBody: answer });
    assert.equal(data.attendees.find((person) => person.self).responseStatus, "accepted");
    assert.equal(data.attendees.length, 2);
    assert.equal(data.organizer.self, undefined);
    await refused(api.events.patch({ calendarId, eventId, requestBody: { summary: "Mine now" } }), 403, "forbiddenForNonOrganizer", { domain: "calendar" });
    const own = { extendedProperties: { private: { seen: "yes" } }, transparency: "transparent", reminders: { useDefault: false } };
    assert.equal((await api.events.patch({ calendarId, eventId, requestBody: own })).data.extendedProperties.private.seen, "yes");
  }],
  ["maxAttendees cuts the list to the own entry", async () => {
    const { email, api, eventId } = await invited();
    const { data } = await api.events.get({ calendarId, eventId, maxAttendees: 1 });
    assert.equal(data.attendeesOmitted, true);
    assert.deepEqual(data.attendees.map((person) => person.email), [email]);
  }],
  ["long property names are dropped and long values cut", async () => {
    const { event } = await one({ extendedProperties: { private: { ["n".repeat(45)]: "x", kept: "v".repeat(2000) } } });
    assert.deepEqual(event.extendedProperties.private, { kept: "v".repeat(1024) });
  }],
  ["special types: birthdays refuse properties, unknown types are refused", async () => {
    const { api } = await newApi();
    const birthday = { start: { date: "2026-03-02" }, end: { date: "2026-03-03" }, eventType: "birthday", extendedProperties: { private: { a: "b" } } };
    await refused(api.events.insert({ calendarId, requestBody: birthday }), 400, "badRequest");
    await refused(api.events.insert({ calendarId, requestBody: { ...nine, eventType: "party" } }), 400, "invalid");
  }],
  ["import adds a private copy by its UID and updates it the next time", async () => {
    const { api } = await newApi();
    const requestBody = { iCalUID: "meeting-1@elsewhere.example", summary: "Imported", ...nine, organizer: { email: "boss@elsewhere.example", displayName: "Boss" } };
    const first = (await api.events.import({ calendarId, requestBody })).data;
    assert.equal(first.iCalUID, requestBody.iCalUID);
    assert.deepEqual(first.organizer, { email: "boss@elsewhere.example", displayName: "Boss" });
    const second = (await api.events.import({ calendarId, requestBody: { ...requestBody, summary: "Imported again" } })).data;
    assert.deepEqual([second.id, second.summary], [first.id, "Imported again"]);
    assert.equal((await allEvents(api, { iCalUID: requestBody.iCalUID })).items.length, 1);
    await refused(api.events.import({ calendarId, requestBody: nine }), 400, "required");
  }],
  ["move changes the organizer, keeps the id and leaves a tombstone", async () => {
    const { email, api, event, eventId } = await one();
    const destination = (await api.calendars.insert({ requestBody: { summary: "Elsewhere" } })).data.id;
    const { syncToken } = await allEvents(api);
    const moved = (await api.events.move({ calendarId, eventId, destination })).data;
    assert.deepEqual([moved.id, moved.iCalUID, moved.summary], [eventId, event.iCalUID, "One"]);
    assert.deepEqual([moved.organizer.email, moved.creator.email], [destination, email]);
    assert.deepEqual((await allEvents(api, { syncToken })).items.map((item) => [item.id, item.status]), [[eventId, "cancelled"]]);
    assert.deepEqual(ids((await allEvents(api, { calendarId: destination })).items), [eventId]);
    const back = (await api.events.move({ calendarId: destination, eventId, destination: email })).data;
    assert.deepEqual([back.status, back.organizer], ["confirmed", { email, self: true }]);
    assert.deepEqual(ids((await allEvents(api)).items), [eventId]);
  }],
  ["move refuses guests, special types, and calendars that cannot take it", async () => {
    const { email, api, eventId } = await one();
    const reader = `read-${eventId}@group.calendar.google.com`;
    await control("POST", "/calendars", { email, id: reader, summary: "Read", accessRole: "reader" });
    await refused(api.events.move({ calendarId, eventId, destination: reader }), 403, "requiredAccessLevel");
    await refused(api.events.move({ calendarId, eventId, destination: "nowhere@example.com" }), 404, "notFound");
    const destination = (await api.calendars.insert({ requestBody: { summary: "Elsewhere" } })).data.id;
    const office = (await api.events.insert({ calendarId, requestBody: { ...nine, eventType: "outOfOffice" } })).data;
    await refused(api.events.move({ calendarId, eventId: office.id, destination }), 400, "badRequest");
    const guest = await invited();
    const other = (await guest.api.calendars.insert({ requestBody: { summary: "Elsewhere" } })).data.id;
    await refused(guest.api.events.move({ calendarId, eventId: guest.eventId, destination: other }), 403, "forbiddenForNonOrganizer");
  }],
  ["a shared calendar shows one event to two accounts, private ones without details", async () => {
    const { api } = await newApi();
    const shared = (await api.calendars.insert({ requestBody: { summary: "Shared" } })).data.id;
    const reader = await newAccount();
    await control("POST", "/calendars", { email: reader, id: shared, accessRole: "reader" });
    const open = (await api.events.insert({ calendarId: shared, requestBody: { summary: "Open", ...nine } })).data;
    const secret = (await api.events.insert({ calendarId: shared, requestBody: { summary: "Secret", visibility: "private", ...nine } })).data;
    const { items } = await allEvents(await apiFor(reader), { calendarId: shared });
    assert.equal(items.find((item) => item.id === open.id).summary, "Open");
    assert.equal(items.find((item) => item.id === secret.id).summary, undefined);
    await refused((await apiFor(reader)).events.delete({ calendarId: shared, eventId: open.id }), 403, "requiredAccessLevel");
  }],
];
