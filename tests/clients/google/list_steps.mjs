// SPDX-License-Identifier: Apache-2.0
// events.list: pages, sync tokens, windows, filters; and partial responses.
import assert from "node:assert/strict";
import { allEvents, control, header, ids, newApi, refused, timed } from "./harness.mjs";

const calendarId = "primary";
const hour = (date, start, end) => timed(`${date}T${start}:00Z`, `${date}T${end}:00Z`);

async function filled(count) {
  const { email, api } = await newApi();
  const events = [];
  for (let i = 1; i <= count; i += 1) {
    const requestBody = { summary: `Event ${i}`, ...hour(`2026-03-0${i}`, "09:00", "10:00") };
    events.push((await api.events.insert({ calendarId, requestBody })).data);
  }
  return { email, api, events };
}

export const steps = [
  ["a whole list has its head and a sync token", async () => {
    const { email, api } = await filled(1);
    const answer = await api.events.list({ calendarId });
    const { data } = answer;
    assert.deepEqual([data.kind, data.summary, data.accessRole, data.items.length], ["calendar#events", email, "owner", 1]);
    assert.ok(data.nextSyncToken && data.timeZone && data.updated && Array.isArray(data.defaultReminders));
    assert.match(header(answer, "content-type"), /^application\/json; charset=UTF-8$/i);
  }],
  ["maxResults makes pages and only the last has the sync token", async () => {
    const { api, events } = await filled(5);
    const { pages, items, syncToken } = await allEvents(api, { maxResults: 2 });
    assert.deepEqual(pages.map((page) => page.items.length), [2, 2, 1]);
    assert.deepEqual(ids(items), ids(events));
    assert.ok(syncToken);
  }],
  ["short and empty pages still lead to everything", async () => {
    const { api, events } = await filled(3);
    await control("POST", "/settings", { short_pages: 1, empty_pages: 2 });
    const { pages, items } = await allEvents(api);
    await control("POST", "/settings", { short_pages: 0, empty_pages: 0 });
    assert.deepEqual(pages.map((page) => page.items.length), [0, 0, 1, 1, 1]);
    assert.deepEqual(ids(items), ids(events));
  }],
  ["a page token belongs to its parameters", async () => {
    const { api } = await filled(3);
    const { data } = await api.events.list({ calendarId, maxResults: 1 });
    await refused(api.events.list({ calendarId, maxResults: 1, pageToken: data.nextPageToken, singleEvents: true }), 400, "invalid", { location: "pageToken" });
    await refused(api.events.list({ calendarId, pageToken: "nonsense" }), 400, "invalid", { location: "pageToken" });
  }],
  ["a sync token brings what was added, changed and deleted", async () => {
    const { api, events } = await filled(3);
    const { syncToken } = await allEvents(api);
    const nothing = await allEvents(api, { syncToken });
    assert.deepEqual(nothing.items, []);
    await api.events.delete({ calendarId, eventId: events[0].id });
    await api.events.patch({ calendarId, eventId: events[1].id, requestBody: { summary: "Changed" } });
    const added = (await api.events.insert({ calendarId, requestBody: hour("2026-04-01", "09:00", "10:00") })).data;
    const delta = await allEvents(api, { syncToken: nothing.syncToken, maxResults: 1 });
    assert.equal(delta.pages.length, 3);
    assert.deepEqual(ids(delta.items), ids([events[0], events[1], added]));
    const gone = delta.items.find((item) => item.id === events[0].id);
    assert.equal(gone.status, "cancelled");
    assert.equal(gone.start, undefined, "a tombstone without details");
    assert.equal(delta.items.find((item) => item.id === events[1].id).summary, "Changed");
    assert.deepEqual((await allEvents(api, { syncToken: delta.syncToken })).items, []);
  }],
  ["an old sync token may be used again", async () => {
    const { api, events } = await filled(1);
    const { syncToken } = await allEvents(api);
    await api.events.patch({ calendarId, eventId: events[0].id, requestBody: { location: "Here" } });
    const [once, again] = [await allEvents(api, { syncToken }), await allEvents(api, { syncToken })];
    assert.deepEqual(once.items, again.items);
    assert.equal(once.items.length, 1);
  }],
  ["what changes between two pages comes with the next token", async () => {
    const { api, events } = await filled(3);
    const first = (await api.events.list({ calendarId, maxResults: 2 })).data;
    await api.events.patch({ calendarId, eventId: events[0].id, requestBody: { summary: "Meanwhile" } });
    const last = (await api.events.list({ calendarId, maxResults: 2, pageToken: first.nextPageToken })).data;
    const delta = await allEvents(api, { syncToken: last.nextSyncToken });
    assert.deepEqual(delta.items.map((item) => item.summary), ["Meanwhile"]);
  }],
  ["deleted events show with showDeleted, the organizer's with details", async () => {
    const { api, events } = await filled(2);
    await api.events.delete({ calendarId, eventId: events[0].id });
    assert.deepEqual(ids((await allEvents(api)).items), [events[1].id]);
    const gone = (await allEvents(api, { showDeleted: true })).items.find((item) => item.id === events[0].id);
    assert.deepEqual([gone.status, gone.summary], ["cancelled", "Event 1"]);
  }],
  ["expired sync tokens are 410 fullSyncRequired, also within a chain", async () => {
    const { email, api } = await filled(3);
    const { syncToken } = await allEvents(api);
    await control("POST", "/events/burst", { email, calendar_id: "primary", count: 3, seed: 1 });
    const page = (await api.events.list({ calendarId, syncToken, maxResults: 1 })).data;
    await control("POST", "/tokens/expire-sync", { email, calendar_id: "primary" });
    const expected = { domain: "calendar", locationType: "parameter", location: "syncToken", message: "Sync token is no longer valid, a full sync is required." };
    await refused(api.events.list({ calendarId, syncToken }), 410, "fullSyncRequired", expected);
    await refused(api.events.list({ calendarId, syncToken, maxResults: 1, pageToken: page.nextPageToken }), 410, "fullSyncRequired");
    assert.ok((await allEvents(api)).syncToken, "a full list works");
  }],
  ["a sync token refuses windows, orders and filters", async () => {
    const { api } = await filled(1);
    const { syncToken } = await allEvents(api);
    const forbidden = {
      timeMin: "2026-01-01T00:00:00Z", timeMax: "2026-01-01T00:00:00Z", updatedMin: new Date().toISOString(), orderBy: "updated", q: "x",
      iCalUID: "x@example.com", privateExtendedProperty: "a=b", sharedExtendedProperty: "a=b", showDeleted: false };
    for (const [name, value] of Object.entries(forbidden))
      await refused(api.events.list({ calendarId, syncToken, [name]: value }), 400, "badRequest", { message: "Sync token cannot be used with other request restrictions" });
  }],
  ["a garbled token is 400 and one of another calendar 410", async () => {
    const { api } = await filled(1);
    await refused(api.events.list({ calendarId, syncToken: "garbage" }), 400, "invalid", { location: "syncToken" });
    const { api: other } = await filled(1);
    await refused(api.events.list({ calendarId, syncToken: (await allEvents(other)).syncToken }), 410, "fullSyncRequired");
  }],
  ["timeMin and timeMax are exclusive and overlap", async () => {
    const { api, events } = await filled(3);
    const within = async (timeMin, timeMax) => ids((await allEvents(api, { timeMin, timeMax })).items);
    assert.deepEqual(await within("2026-03-01T09:59:59Z", "2026-03-03T09:00:01Z"), ids(events));
    assert.deepEqual(await within("2026-03-01T10:00:00Z", "2026-03-03T09:00:00Z"), [events[1].id]);
    assert.deepEqual(await within("2026-03-02T10:15:00+01:00", "2026-03-02T10:30:00+01:00"), [events[1].id]);
    assert.ok((await allEvents(api, { timeMin: "2026-03-02T00:00:00Z" })).syncToken, "a window still gives a token");
    await refused(api.events.list({ calendarId, timeMin: "2026-03-02T00:00:00Z", timeMax: "2026-03-02T00:00:00Z" }), 400, "timeRangeEmpty", { domain: "calendar", location: "timeMax" });
    await refused(api.events.list({ calendarId, timeMin: "2026-03-02T00:00:00" }), 400, "badRequest");
  }],
  ["an all-day event lasts from midnight to midnight of the calendar", async () => {
    const { email, api } = await newApi();
    await control("PATCH", "/calendars", { email, calendar_id: email, timeZone: "America/New_York" });
    await api.events.insert({ calendarId, requestBody: { start: { date: "2026-03-02" }, end: { date: "2026-03-03" } } });
    const count = async (timeMin, timeMax) => (await allEvents(api, { timeMin, timeMax })).items.length;
    assert.equal(await count("2026-03-02T00:00:00Z", "2026-03-02T05:00:00Z"), 0);
    assert.equal(await count("2026-03-03T04:59:00Z", "2026-03-03T06:00:00Z"), 1);
    assert.equal(await count("2026-03-03T05:00:00Z", "2026-03-03T06:00:00Z"), 0);
  }],
  ["orders: startTime needs singleEvents, and filtered lists give no token", async () => {
    const { api, events } = await filled(2);
    await api.events.patch({ calendarId, eventId: events[0].id, requestBody: { summary: "Touched" } });
    const early = (await api.events.insert({ calendarId, requestBody: hour("2026-02-01", "09:00", "10:00") })).data;
    await refused(api.events.list({ calendarId, orderBy: "startTime" }), 400, "badRequest", { message: "The requested ordering is not available for the particular query." });
    const sorted = await allEvents(api, { singleEvents: true, orderBy: "startTime", maxResults: 2 });
    assert.deepEqual(sorted.items.map((item) => item.id), [early.id, events[0].id, events[1].id]);
    assert.equal(sorted.syncToken, undefined);
    const updated = await allEvents(api, { orderBy: "updated" });
    assert.deepEqual(updated.items.map((item) => item.updated), updated.items.map((item) => item.updated).sort());
  }],
  ["q, iCalUID, eventTypes and properties filter", async () => {
    const { api, events } = await filled(2);
    const marked = (await api.events.insert({ calendarId, requestBody: {
      summary: "Marked lunch", ...hour("2026-03-05", "09:00", "10:00"), extendedProperties: { private: { origin: "here" }, shared: { team: "red" } } } })).data;
    const found = async (params) => ids((await allEvents(api, params)).items);
    assert.deepEqual(await found({ q: "LUNCH" }), [marked.id]);
    assert.deepEqual(await found({ iCalUID: events[0].iCalUID }), [events[0].id]);
    assert.deepEqual(await found({ privateExtendedProperty: ["origin=here"], sharedExtendedProperty: ["team=red"] }), [marked.id]);
    assert.deepEqual(await found({ privateExtendedProperty: ["origin=here", "origin=there"] }), []);
    assert.deepEqual(await found({ eventTypes: ["focusTime", "birthday"] }), []);
    assert.equal((await allEvents(api, { q: "lunch" })).syncToken, undefined);
  }],
  ["updatedMin lists changes and deletions, but not from long ago", async () => {
    const { api, events } = await filled(2);
    await api.events.delete({ calendarId, eventId: events[1].id });
    const { items } = await allEvents(api, { updatedMin: events[0].updated });
    assert.deepEqual(ids(items), ids(events));
    assert.deepEqual((await allEvents(api, { updatedMin: new Date(Date.now() + 60000).toISOString() })).items, []);
    await refused(api.events.list({ calendarId, updatedMin: "2020-01-01T00:00:00Z" }), 410, "updatedMinTooLongAgo", { domain: "calendar", location: "updatedMin" });
  }],
  ["the answer's zone is the calendar's or the one asked for", async () => {
    const { api, events } = await filled(1);
    const inTokyo = (await allEvents(api, { timeZone: "Asia/Tokyo" })).items[0];
    assert.equal(inTokyo.start.dateTime, "2026-03-01T18:00:00+09:00");
    assert.equal(new Date(inTokyo.start.dateTime).getTime(), new Date(events[0].start.dateTime).getTime());
    await refused(api.events.list({ calendarId, timeZone: "Mars/Phobos" }), 400, "invalidParameter", { location: "timeZone" });
  }],
  ["maxResults below one is refused", async () => {
    const { api } = await newApi();
    await refused(api.events.list({ calendarId, maxResults: 0 }), 400, "invalidParameter", { location: "maxResults" });
  }],
  ["fields selects members and refuses unknown ones", async () => {
    const { api, events } = await filled(2);
    const { data } = await api.events.list({ calendarId, fields: "nextSyncToken,items(id,start/dateTime)" });
    assert.deepEqual(Object.keys(data).sort(), ["items", "nextSyncToken"]);
    assert.deepEqual(Object.keys(data.items[0]).sort(), ["id", "start"]);
    assert.deepEqual(Object.keys(data.items[0].start), ["dateTime"]);
    assert.deepEqual((await api.events.list({ calendarId, fields: "items/id", maxResults: 1 })).data, { items: [{ id: events[0].id }] }, "without its tokens");
    assert.deepEqual((await api.events.get({ calendarId, eventId: events[0].id, fields: "summary" })).data, { summary: "Event 1" });
    await refused(api.events.list({ calendarId, fields: "items(id,colour)" }), 400, "invalidParameter", { locationType: "parameter", location: "fields" });
  }],
];
