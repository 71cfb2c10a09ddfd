// SPDX-License-Identifier: Apache-2.0
// Series: expansion across the change of the clocks, exceptions, cancelled occurrences, instances.
import assert from "node:assert/strict";
import { allEvents, control, ids, listAll, newApi, refused, timed } from "./harness.mjs";

const calendarId = "primary";
const starts = (items) => items.map((item) => item.start.dateTime ?? item.start.date);

// Weekly on Mondays at nine in Berlin; the clocks change on 29 March.
async function weekly(more = {}) {
  const { email, api } = await newApi();
  await control("PATCH", "/calendars", { email, calendar_id: email, timeZone: "Europe/Berlin" });
  const requestBody = {
    summary: "Weekly", ...timed("2026-03-16T09:00:00", "2026-03-16T10:00:00", "Europe/Berlin"), recurrence: ["RRULE:FREQ=WEEKLY;COUNT=4"], ...more };
  const master = (await api.events.insert({ calendarId, requestBody })).data;
  return { email, api, master, eventId: master.id };
}

const instancesOf = (api, eventId, params = {}) => listAll((query) => api.events.instances(query), { calendarId, eventId, ...params });
const expanded = (api, params = {}) => allEvents(api, { singleEvents: true, ...params });

export const steps = [
  ["a series keeps its local time across the change of the clocks", async () => {
    const { api, master } = await weekly();
    const { items } = await expanded(api, { orderBy: "startTime" });
    assert.deepEqual(starts(items), ["2026-03-16T09:00:00+01:00", "2026-03-23T09:00:00+01:00", "2026-03-30T09:00:00+02:00", "2026-04-06T09:00:00+02:00"]);
    assert.deepEqual(items.map((item) => item.id), ["0316T08", "0323T08", "0330T07", "0406T07"].map((start) => `${master.id}_2026${start}0000Z`));
    for (const item of items) {
      assert.deepEqual([item.recurringEventId, item.recurrence, item.iCalUID], [master.id, undefined, master.iCalUID]);
      assert.deepEqual(item.originalStartTime, item.start);
    }
    assert.deepEqual((await allEvents(api)).items.map((item) => [item.id, item.recurrence]), [[master.id, ["RRULE:FREQ=WEEKLY;COUNT=4"]]]);
  }],
  ["an all-day series has dates in its ids", async () => {
    const { api, master } = await weekly({ start: { date: "2026-03-28" }, end: { date: "2026-03-29" }, recurrence: ["RRULE:FREQ=DAILY;UNTIL=20260330"] });
    const { items } = await expanded(api, { orderBy: "startTime" });
    assert.deepEqual(starts(items), ["2026-03-28", "2026-03-29", "2026-03-30"]);
    assert.deepEqual(items[1].originalStartTime, { date: "2026-03-29" });
    assert.equal(items[2].id, `${master.id}_20260330`);
  }],
  ["RDATE adds and EXDATE removes", async () => {
    const { api } = await weekly({ recurrence: ["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20260323T090000", "RDATE;TZID=Europe/Berlin:20260325T090000"] });
    assert.deepEqual(starts((await expanded(api, { orderBy: "startTime" })).items).map((start) => start.slice(5, 10)), ["03-16", "03-25", "03-30"]);
  }],
  ["a window cuts an endless series", async () => {
    const { api, eventId } = await weekly({ recurrence: ["RRULE:FREQ=DAILY"] });
    const window = { timeMin: "2027-01-01T00:00:00Z", timeMax: "2027-01-04T00:00:00Z" };
    assert.equal((await expanded(api, window)).items.length, 3);
    assert.equal((await instancesOf(api, eventId, window)).items.length, 3);
    assert.deepEqual(ids((await allEvents(api, window)).items), [eventId], "the master overlaps");
  }],
  ["a deleted occurrence is a cancelled exception", async () => {
    const { api, master, eventId } = await weekly();
    const { syncToken } = await allEvents(api);
    const instance = `${eventId}_20260323T080000Z`;
    assert.equal((await api.events.delete({ calendarId, eventId: instance })).status, 204);
    assert.equal((await expanded(api)).items.length, 3);
    const gone = (await allEvents(api)).items.find((item) => item.id === instance);
    assert.deepEqual([gone.status, gone.recurringEventId, gone.originalStartTime.dateTime], ["cancelled", eventId, "2026-03-23T09:00:00+01:00"]);
    assert.equal(gone.start, undefined);
    assert.deepEqual(ids((await allEvents(api, { syncToken })).items), [instance]);
    assert.deepEqual((await api.events.get({ calendarId, eventId })).data.recurrence, master.recurrence, "no EXDATE");
    assert.equal((await api.events.get({ calendarId, eventId: instance })).data.status, "cancelled");
    await refused(api.events.delete({ calendarId, eventId: instance }), 410, "deleted");
    assert.equal((await instancesOf(api, eventId)).items.length, 3);
    assert.equal((await instancesOf(api, eventId, { showDeleted: true })).items.length, 4);
  }],
  ["a moved occurrence keeps its original start", async () => {
    const { api, eventId } = await weekly();
    const instance = `${eventId}_20260330T070000Z`;
    const requestBody = { summary: "Moved", ...timed("2026-04-01T15:00:00+02:00", "2026-04-01T16:00:00+02:00") };
    const moved = (await api.events.patch({ calendarId, eventId: instance, requestBody })).data;
    assert.deepEqual([moved.id, moved.recurringEventId, moved.originalStartTime.dateTime, moved.start.dateTime],
      [instance, eventId, "2026-03-30T09:00:00+02:00", "2026-04-01T15:00:00+02:00"]);
    assert.deepEqual(ids((await allEvents(api)).items), [eventId, instance].sort());
    const sorted = (await expanded(api, { orderBy: "startTime" })).items;
    assert.deepEqual(sorted.map((item) => item.summary), ["Weekly", "Weekly", "Moved", "Weekly"]);
    const within = (await expanded(api, { timeMin: "2026-04-01T00:00:00Z", timeMax: "2026-04-02T00:00:00Z" })).items;
    assert.deepEqual(ids(within), [instance]);
    assert.deepEqual((await expanded(api, { timeMin: "2026-03-30T00:00:00Z", timeMax: "2026-03-31T00:00:00Z" })).items, []);
  }],
  ["a cancelled occurrence is revived by its status", async () => {
    const { api, eventId } = await weekly();
    const instance = `${eventId}_20260323T080000Z`;
    await api.events.patch({ calendarId, eventId: instance, requestBody: { status: "cancelled" } });
    assert.equal((await expanded(api)).items.length, 3);
    await api.events.patch({ calendarId, eventId: instance, requestBody: { status: "confirmed" } });
    assert.equal((await expanded(api)).items.length, 4);
    assert.equal((await api.events.get({ calendarId, eventId: instance })).data.start.dateTime, "2026-03-23T09:00:00+01:00");
  }],
  ["an occurrence and a master may be sent back whole", async () => {
    const { api, eventId } = await weekly();
    const instance = (await api.events.get({ calendarId, eventId: `${eventId}_20260323T080000Z` })).data;
    const changed = (await api.events.update({ calendarId, eventId: instance.id, requestBody: { ...instance, location: "Elsewhere" } })).data;
    assert.deepEqual([changed.id, changed.location, changed.recurringEventId], [instance.id, "Elsewhere", eventId]);
    const master = (await api.events.get({ calendarId, eventId })).data;
    const renamed = (await api.events.update({ calendarId, eventId, requestBody: { ...master, summary: "Renamed" } })).data;
    assert.deepEqual([renamed.recurrence, renamed.sequence], [master.recurrence, master.sequence]);
    assert.equal((await allEvents(api)).items.length, 2, "the exception stays");
  }],
  ["an instance takes no rule, and one that does not occur is 404", async () => {
    const { api, eventId } = await weekly();
    await refused(api.events.patch({ calendarId, eventId: `${eventId}_20260323T080000Z`, requestBody: { recurrence: ["RRULE:FREQ=DAILY"] } }), 400, "invalid");
    for (const suffix of ["20260324T080000Z", "20260323T090000Z", "20260323", "nonsense"])
      await refused(api.events.get({ calendarId, eventId: `${eventId}_${suffix}` }), 404, "notFound");
    assert.deepEqual((await allEvents(api)).items.length, 1, "the refused patch left nothing behind");
  }],
  ["instances come in pages and by their original start", async () => {
    const { api, eventId } = await weekly();
    const { pages, items } = await instancesOf(api, eventId, { maxResults: 3 });
    assert.deepEqual(pages.map((page) => page.items.length), [3, 1]);
    assert.equal(pages.at(-1).nextSyncToken, undefined);
    const { data } = await api.events.instances({ calendarId, eventId, originalStart: "2026-03-30T09:00:00+02:00" });
    assert.deepEqual(ids(data.items), [items[2].id]);
    await refused(api.events.instances({ calendarId, eventId: "nothinghere" }), 404, "notFound");
  }],
  ["a deleted series is one tombstone, or all its occurrences when they are single", async () => {
    const { api, eventId } = await weekly();
    await api.events.patch({ calendarId, eventId: `${eventId}_20260323T080000Z`, requestBody: { summary: "Changed" } });
    const [plain, single] = [await allEvents(api), await expanded(api)];
    await api.events.delete({ calendarId, eventId });
    assert.deepEqual((await allEvents(api, { syncToken: plain.syncToken })).items.map((item) => [item.id, item.status]), [[eventId, "cancelled"]]);
    const gone = (await expanded(api, { syncToken: single.syncToken })).items;
    assert.ok(gone.length > 0 && gone.every((item) => item.status === "cancelled" && item.recurringEventId === eventId));
    assert.deepEqual((await allEvents(api)).items, []);
    await refused(api.events.get({ calendarId, eventId: `${eventId}_20260323T080000Z` }), 404, "notFound");
  }],
  ["a series that changes its time cancels exceptions that no longer fit", async () => {
    const { api, eventId } = await weekly();
    const instance = `${eventId}_20260323T080000Z`;
    await api.events.patch({ calendarId, eventId: instance, requestBody: { summary: "Changed" } });
    const { syncToken } = await allEvents(api);
    await api.events.patch({ calendarId, eventId, requestBody: timed("2026-03-16T11:00:00", "2026-03-16T12:00:00", "Europe/Berlin") });
    const delta = (await allEvents(api, { syncToken })).items;
    assert.deepEqual(Object.fromEntries(delta.map((item) => [item.id, item.status])), { [eventId]: "confirmed", [instance]: "cancelled" });
    assert.deepEqual(starts((await expanded(api, { orderBy: "startTime" })).items).map((start) => start.slice(5, 16)),
      ["03-16T11:00", "03-23T11:00", "03-30T11:00", "04-06T11:00"]);
  }],
  ["this and following: the series is cut and another one begins", async () => {
    const { email, api, eventId } = await weekly();
    const { syncToken } = await allEvents(api);
    await control("POST", "/events/split", { email, calendar_id: "primary", event_id: eventId, original_start: "20260330T070000Z", event: { summary: "Later" } });
    const delta = (await allEvents(api, { syncToken })).items;
    assert.equal(delta.length, 2);
    assert.match(delta.find((item) => item.id === eventId).recurrence[0], /UNTIL=/);
    assert.deepEqual((await expanded(api, { orderBy: "startTime" })).items.map((item) => item.summary), ["Weekly", "Weekly", "Later", "Later"]);
  }],
  ["a moved series takes its exceptions along", async () => {
    const { api, eventId } = await weekly();
    const destination = (await api.calendars.insert({ requestBody: { summary: "Elsewhere", timeZone: "Europe/Berlin" } })).data.id;
    const changed = `${eventId}_20260323T080000Z`;
    await api.events.patch({ calendarId, eventId: changed, requestBody: { summary: "Changed" } });
    await api.events.delete({ calendarId, eventId: `${eventId}_20260330T070000Z` });
    await api.events.move({ calendarId, eventId, destination });
    const there = (await expanded(api, { calendarId: destination, orderBy: "startTime" })).items;
    assert.deepEqual(there.map((item) => item.summary), ["Weekly", "Changed", "Weekly"]);
    assert.equal((await allEvents(api, { calendarId: destination })).items.length, 3);
    assert.deepEqual((await expanded(api)).items, []);
  }],
  ["an invitation to one occurrence has no master", async () => {
    const { email, api } = await newApi();
    const event = {
      id: "foreign00001_20260323T080000Z", recurringEventId: "foreign00001", originalStartTime: { dateTime: "2026-03-23T08:00:00Z" },
      summary: "Guest lecture", organizer: { email: "boss@example.com" }, ...timed("2026-03-23T08:00:00Z", "2026-03-23T09:00:00Z") };
    await control("POST", "/events", { email, calendar_id: "primary", event });
    const [item] = (await allEvents(api)).items;
    assert.deepEqual([item.id, item.recurringEventId], [event.id, "foreign00001"]);
    await refused(api.events.get({ calendarId, eventId: "foreign00001" }), 404, "notFound");
  }],
];
