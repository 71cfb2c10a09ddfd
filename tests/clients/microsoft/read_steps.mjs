// SPDX-License-Identifier: Apache-2.0
// Reading: me, calendars, events, views, instances, query options, preferences.
import assert from "node:assert/strict";
import { PageIterator } from "@microsoft/microsoft-graph-client";
import { clientWith, control, event, immutable, mint, newClient, newUser, nine, once, plain, graphRoot, refused, spring, weekly } from "./harness.mjs";

const view = `/me/calendarView?${spring}`;
const days = (items) => items.map((item) => item.start.dateTime.slice(0, 10));

export const steps = [
  ["me", async () => {
    const { user, graph } = await newClient();
    const me = await graph.api("/me").get();
    assert.deepEqual([me.id, me.mail, me.userPrincipalName, me.displayName, me.givenName, me.surname], [user.id, user.email, user.email, "Grace Hopper", "Grace", "Hopper"]);
    assert.deepEqual(Object.keys(await graph.api("/me").select("id,mail").get()).sort(), ["@odata.context", "id", "mail"]);
  }],
  ["calendars come ten at a time", async () => {
    const { graph } = await newClient({ calendars: Array.from({ length: 22 }, (_, i) => ({ name: `Calendar ${i}` })) });
    const first = await graph.api("/me/calendars").get();
    assert.equal(first.value.length, 10);
    const all = [];
    await new PageIterator(graph, first, (calendar) => all.push(calendar)).iterate();
    assert.equal(all.length, 23);
    assert.equal(new Set(all.map((calendar) => calendar.id)).size, 23);
    assert.equal((await graph.api("/me/calendars").top(100).get()).value.length, 23);
    assert.equal((await graph.api("/me/calendars").top(5).skip(20).get()).value.length, 3);
  }],
  ["the default calendar", async () => {
    const { user, graph } = await newClient();
    const calendar = await graph.api("/me/calendar").get();
    assert.deepEqual([calendar.name, calendar.isDefaultCalendar, calendar.canEdit, calendar.owner.address], ["Calendar", true, true, user.email]);
    assert.equal((await graph.api(`/me/calendars/${calendar.id}`).get()).id, calendar.id);
    assert.equal((await graph.api(`/users/${user.id}/calendar`).get()).id, calendar.id);
  }],
  ["calendars are made, renamed and deleted", async () => {
    const { graph } = await newClient();
    const made = await graph.api("/me/calendars").post({ name: "Work" });
    assert.equal((await graph.api(`/me/calendars/${made.id}`).patch({ name: "Play" })).name, "Play");
    await graph.api(`/me/calendars/${made.id}`).delete();
    await refused(graph.api(`/me/calendars/${made.id}`).get(), 404, "ErrorItemNotFound");
  }],
  ["the mailbox's time zone is a Windows name and needs its own scope", async () => {
    const { email, graph } = await newClient();
    await refused(graph.api("/me/mailboxSettings").get(), 403, "ErrorAccessDenied");
    const allowed = clientWith((await mint(email, "MailboxSettings.Read")).access_token);
    assert.equal((await allowed.api("/me/mailboxSettings").get()).timeZone, "W. Europe Standard Time");
    assert.equal((await allowed.api("/me/mailboxSettings/timeZone").get()).value, "W. Europe Standard Time");
    await refused(allowed.api("/me/calendars").get(), 403, "ErrorAccessDenied");
    await refused(allowed.api("/me").get(), 403, "Authorization_RequestDenied");
  }],
  ["calendar groups", async () => {
    const { graph } = await newClient();
    const [group] = (await graph.api("/me/calendarGroups").get()).value;
    assert.equal((await graph.api(`/me/calendarGroups/${group.id}/calendars`).get()).value.length, 1);
  }],
  ["an event has what is documented", async () => {
    const { user, graph } = await newClient();
    const made = await graph.api("/me/events").post(nine("Lunch", { location: { displayName: "Kitchen" }, body: { contentType: "text", content: "a < b\nend" }, attendees: [{ type: "required", emailAddress: { address: "bob@contoso.example", name: "Bob" } }] }));
    const read = await graph.api(`/me/events/${made.id}`).get();
    assert.equal(read["@odata.etag"], `W/"${read.changeKey}"`);
    assert.deepEqual(read.start, { dateTime: "2026-03-02T09:00:00.0000000", timeZone: "UTC" });
    assert.deepEqual([read.type, read.showAs, read.sensitivity, read.isAllDay, read.isCancelled, read.isOrganizer, read.seriesMasterId, read.recurrence], ["singleInstance", "busy", "normal", false, false, true, null, null]);
    assert.deepEqual([read.responseStatus.response, read.location.displayName, read.locations.length, read.organizer.emailAddress.address], ["organizer", "Kitchen", 1, user.email]);
    assert.deepEqual(read.attendees[0].emailAddress, { name: "Bob", address: "bob@contoso.example" });
    assert.equal(read.body.contentType, "html");
    assert.match(read.body.content, /a &lt; b<br>/);
    assert.match(read.createdDateTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    assert.equal(read.iCalUId, made.iCalUId);
  }],
  ["bodies as text", async () => {
    const { graph } = await newClient();
    const { id } = await graph.api("/me/events").post(nine("x", { body: { contentType: "text", content: "a < b\nend" } }));
    const read = await graph.api(`/me/events/${id}`).header("Prefer", 'outlook.body-content-type="text"').get();
    assert.deepEqual(read.body, { contentType: "text", content: "a < b\nend" });
    assert.equal(read.bodyPreview, "a < b\nend");
  }],
  ["times come in the zone that is preferred", async () => {
    const { graph } = await newClient();
    const { id } = await graph.api("/me/events").post(event("Zone", "2026-03-02T09:00:00", "2026-03-02T10:00:00", {}, "Pacific Standard Time"));
    const read = async (zone) => graph.api(`/me/events/${id}`).header("Prefer", `outlook.timezone="${zone}"`).get();
    assert.equal((await graph.api(`/me/events/${id}`).get()).start.dateTime, "2026-03-02T17:00:00.0000000");
    const berlin = await read("W. Europe Standard Time");
    assert.deepEqual(berlin.start, { dateTime: "2026-03-02T18:00:00.0000000", timeZone: "W. Europe Standard Time" });
    assert.deepEqual([berlin.originalStartTimeZone, berlin.originalEndTimeZone], ["Pacific Standard Time", "Pacific Standard Time"]);
    assert.equal((await read("Europe/Berlin")).start.timeZone, "Europe/Berlin");
    await refused(read("Nowhere Time"), 400, "TimeZoneNotSupportedException");
    await refused(read("Europe/Vaduz"), 400, "TimeZoneNotSupportedException");
  }],
  ["all-day events keep their dates", async () => {
    const { graph } = await newClient();
    const { id } = await graph.api("/me/events").post(event("Day", "2026-03-02T00:00:00", "2026-03-03T00:00:00", { isAllDay: true }, "W. Europe Standard Time"));
    const read = await graph.api(`/me/events/${id}`).header("Prefer", 'outlook.timezone="Pacific Standard Time"').get();
    assert.deepEqual(read.start, { dateTime: "2026-03-02T00:00:00.0000000", timeZone: "Pacific Standard Time" });
  }],
  ["preferences are named in the answer", async () => {
    const user = await newUser();
    const { access_token } = await mint(user.email);
    const answer = await plain(`${graphRoot()}/me/calendarView?${spring}`, { headers: { authorization: `Bearer ${access_token}`, prefer: `outlook.timezone="UTC", ${immutable}`, "client-request-id": "11111111-2222-3333-4444-555555555555" } });
    assert.equal(answer.headers.get("preference-applied"), `outlook.timezone="UTC", ${immutable}`);
    assert.equal(answer.headers.get("client-request-id"), "11111111-2222-3333-4444-555555555555");
    assert.match(answer.headers.get("request-id"), /^[0-9a-f-]{36}$/);
  }],
  ["the list has masters, the view has occurrences", async () => {
    const { graph } = await newClient();
    await graph.api("/me/events").post(weekly());
    await graph.api("/me/events").post(nine());
    const list = (await graph.api("/me/events").get()).value;
    assert.deepEqual(list.map((item) => item.type).sort(), ["seriesMaster", "singleInstance"]);
    const seen = (await graph.api(view).top(50).get()).value;
    assert.deepEqual(seen.map((item) => item.type).sort(), [...Array(8).fill("occurrence"), "singleInstance"]);
    const [first] = seen.filter((item) => item.type === "occurrence");
    assert.equal(first.seriesMasterId, list.find((item) => item.type === "seriesMaster").id);
    assert.equal(first.originalStart, "2026-03-02T08:00:00Z");
    assert.ok(first.subject && first.body && first.iCalUId);
  }],
  ["a view needs its window", async () => {
    const { graph } = await newClient();
    await refused(graph.api("/me/calendarView").get(), 400, "ErrorInvalidParameter");
    await refused(graph.api("/me/calendarView?startDateTime=nonsense&endDateTime=2026-01-01").get(), 400, "ErrorInvalidParameter");
  }],
  ["offsets in the window decide", async () => {
    const { graph } = await newClient();
    await graph.api("/me/events").post(nine());
    const seen = async (start, end) => (await graph.api(`/me/calendarView?startDateTime=${encodeURIComponent(start)}&endDateTime=${encodeURIComponent(end)}`).get()).value.length;
    assert.equal(await seen("2026-03-02T10:30:00+01:00", "2026-03-02T10:45:00+01:00"), 1);
    assert.equal(await seen("2026-03-02T10:30:00", "2026-03-02T10:45:00"), 0);
    assert.equal(await seen("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z"), 0);
  }],
  ["views are paged by skip", async () => {
    const { graph } = await newClient();
    await graph.api("/me/events").post(weekly({ recurrence: { pattern: { type: "daily", interval: 1 }, range: { type: "numbered", startDate: "2026-03-02", numberOfOccurrences: 25 } } }));
    const first = await graph.api(view).get();
    assert.equal(first.value.length, 10);
    const all = [];
    await new PageIterator(graph, first, (item) => all.push(item)).iterate();
    assert.equal(new Set(all.map((item) => item.id)).size, 25);
    assert.equal((await graph.api(view).top(1000).get())["@odata.nextLink"], undefined);
    await refused(graph.api(view).top(1001).get(), 400, "ErrorInvalidUrlQuery");
  }],
  ["select, filter, order", async () => {
    const { graph } = await newClient();
    await graph.api("/me/events").post(nine("Bravo"));
    await graph.api("/me/events").post(event("Alpha", "2026-03-03T09:00:00", "2026-03-03T10:00:00", { showAs: "free" }));
    const chosen = (await graph.api("/me/events").select("subject,start").orderby("subject").get()).value;
    assert.deepEqual(chosen.map((item) => item.subject), ["Alpha", "Bravo"]);
    assert.deepEqual(Object.keys(chosen[0]).sort(), ["@odata.etag", "id", "start", "subject"]);
    const order = async (by) => (await graph.api("/me/events").orderby(by).get()).value.map((item) => item.subject);
    assert.deepEqual([await order("start/dateTime"), await order("start/dateTime desc")], [["Bravo", "Alpha"], ["Alpha", "Bravo"]]);
    const matching = async (filter) => (await graph.api("/me/events").filter(filter).get()).value.map((item) => item.subject);
    assert.deepEqual(await matching("start/dateTime ge '2026-03-03T00:00'"), ["Alpha"]);
    assert.deepEqual(await matching("subject eq 'Bravo' or showAs eq 'free'"), ["Alpha", "Bravo"]);
    assert.deepEqual(await matching("startswith(subject,'br') and isAllDay eq false"), ["Bravo"]);
    await refused(graph.api("/me/events").filter("webLink eq 'x'").get(), 400, "ErrorInvalidUrlQueryFilter");
    await refused(graph.api("/me/events").orderby("webLink").get(), 400, "ErrorInvalidUrlQuery");
    await refused(graph.api("/me/events").select("nothing").get(), 400, "RequestBroker--ParseUri");
  }],
  ["instances of a series, without what was removed", async () => {
    const { graph } = await newClient();
    const master = await graph.api("/me/events").post(weekly());
    const path = `/me/events/${master.id}/instances?${spring}`;
    const all = (await graph.api(path).get()).value;
    assert.equal(all.length, 8);
    await graph.api(`/me/events/${all[1].id}`).delete();
    await graph.api(`/me/events/${all[2].id}`).patch({ subject: "Changed" });
    const left = (await graph.api(path).get()).value;
    assert.deepEqual(left.map((item) => item.type), ["occurrence", "exception", ...Array(5).fill("occurrence")]);
    const read = await graph.api(`/me/events/${master.id}?$select=subject,cancelledOccurrences&$expand=exceptionOccurrences`).get();
    assert.deepEqual(read.cancelledOccurrences.map((id) => id.slice(-10)), ["2026-03-09"]);
    assert.equal(read.exceptionOccurrences[0].subject, "Changed");
    await refused(graph.api(`/me/events/${master.id}/instances`).get(), 400, "ErrorInvalidParameter");
  }],
  ["occurrences keep the wall time over a clock change", async () => {
    const { graph } = await newClient();
    await graph.api("/me/events").post(weekly());
    const times = (await graph.api(view).get()).value.map((item) => item.start.dateTime.slice(5, 16));
    assert.deepEqual(times.slice(3, 5), ["03-23T08:00", "03-30T07:00"]);
  }],
  ["first day of week, relative months, clamped days", async () => {
    const { graph } = await newClient();
    const dates = async (pattern, start, last = "2026-05-31") => {
      const made = await graph.api("/me/events").post(event("R", `${start}T09:00:00`, `${start}T10:00:00`, { recurrence: { pattern, range: { type: "endDate", startDate: start, endDate: last } } }));
      const found = (await graph.api(`/me/events/${made.id}/instances?${spring}`).top(100).get()).value;
      return days(found).map((day) => day.slice(5));
    };
    const two = { type: "weekly", interval: 2, daysOfWeek: ["sunday", "monday"] };
    assert.deepEqual(await dates({ ...two, firstDayOfWeek: "sunday" }, "2026-03-02", "2026-03-31"), ["03-02", "03-15", "03-16", "03-29", "03-30"]);
    assert.deepEqual(await dates({ ...two, firstDayOfWeek: "monday" }, "2026-03-02", "2026-03-31"), ["03-02", "03-08", "03-16", "03-22", "03-30"]);
    assert.deepEqual(await dates({ type: "relativeMonthly", interval: 1, daysOfWeek: ["tuesday"], index: "last" }, "2026-03-31"), ["03-31", "04-28", "05-26"]);
    assert.deepEqual(await dates({ type: "absoluteMonthly", interval: 1, dayOfMonth: 31 }, "2026-03-31"), ["03-31", "04-30", "05-31"]);
    assert.deepEqual(await dates({ type: "absoluteYearly", interval: 1, dayOfMonth: 5, month: 4 }, "2026-04-05"), ["04-05"]);
    assert.deepEqual(await dates({ type: "relativeYearly", interval: 1, daysOfWeek: ["friday"], index: "second", month: 5 }, "2026-05-08"), ["05-08"]);
  }],
  ["ids: immutable and usual ones, translated", async () => {
    const { email, graph } = await newClient({ calendars: [{ name: "Other" }] });
    const usual = await graph.api("/me/events").post(nine());
    const read = (id) => graph.api(`/me/events/${id}`).header("Prefer", immutable).get();
    const lasting = (await read(usual.id)).id;
    assert.notEqual(lasting, usual.id);
    const { value } = await graph.api("/me/translateExchangeIds").post({ inputIds: [usual.id], sourceIdType: "restId", targetIdType: "restImmutableEntryId" });
    assert.deepEqual(value, [{ sourceId: usual.id, targetId: lasting }]);
    const other = (await graph.api("/me/calendars").get()).value.find((calendar) => calendar.name === "Other");
    await control("POST", "/microsoft/events/move", { email, event_id: usual.id, destination: other.id });
    await refused(graph.api(`/me/events/${usual.id}`).get(), 404, "ErrorItemNotFound");
    assert.equal((await read(lasting)).id, lasting);
    await refused(graph.api("/me/events/garbage").get(), 400, "ErrorInvalidIdMalformed");
    await refused(graph.api(`/me/events/${usual.id.toLowerCase()}`).get(), 400, "ErrorInvalidIdMalformed");
  }],
  ["a shared calendar's events are reached through it alone", async () => {
    const owner = await newClient();
    const { id } = await owner.graph.api("/me/events").post(nine("Shared"));
    const guest = await newClient();
    const shared = await control("POST", "/microsoft/calendars/share", { email: owner.email, with: guest.email, can_edit: false });
    await refused(guest.graph.api(`/me/events/${id}`).get(), 404, "ErrorItemNotFound");
    assert.equal((await guest.graph.api(`/me/calendars/${shared.id}/events/${id}`).get()).subject, "Shared");
    const row = await guest.graph.api(`/me/calendars/${shared.id}`).get();
    assert.deepEqual([row.canEdit, row.owner.address, row.isDefaultCalendar], [false, owner.email, false]);
    await refused(guest.graph.api(`/me/calendars/${shared.id}/events`).post(nine()), 403, "ErrorAccessDenied");
  }],
  ["a user without a mailbox", async () => {
    const { graph } = await newClient({ mailbox: false });
    assert.ok((await graph.api("/me").get()).id);
    await refused(graph.api("/me/calendar").get(), 404, "MailboxNotEnabledForRESTAPI");
  }],
  ["getSchedule", async () => {
    const { email, graph } = await newClient();
    await graph.api("/me/events").post(nine());
    const { value } = await graph.api("/me/calendar/getSchedule").post({ schedules: [email, "nobody@contoso.example"], startTime: { dateTime: "2026-03-02T08:00:00", timeZone: "UTC" }, endTime: { dateTime: "2026-03-02T11:00:00", timeZone: "UTC" }, availabilityViewInterval: 60 });
    assert.deepEqual([value[0].availabilityView, value[0].scheduleItems.length], ["020", 1]);
    assert.equal(value[1].error.responseCode, "ErrorMailRecipientNotFound");
  }],
  ["an .ics file becomes a calendar", async () => {
    const { email, graph } = await newClient();
    const ics = ["BEGIN:VCALENDAR", "X-WR-CALNAME:From a file", "BEGIN:VEVENT", "UID:1@x", "DTSTART;TZID=Europe/Berlin:20260302T090000", "DTEND;TZID=Europe/Berlin:20260302T100000", "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260330T070000Z", "EXDATE;TZID=Europe/Berlin:20260309T090000", "SUMMARY:Series", "END:VEVENT",
      "BEGIN:VEVENT", "UID:1@x", "RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000", "DTSTART;TZID=Europe/Berlin:20260316T110000", "DTEND;TZID=Europe/Berlin:20260316T120000", "SUMMARY:Moved", "END:VEVENT",
      "BEGIN:VEVENT", "UID:2@x", "DTSTART;VALUE=DATE:20260310", "SUMMARY:Day", "CLASS:PRIVATE", "TRANSP:TRANSPARENT", "END:VEVENT",
      "BEGIN:VEVENT", "UID:3@x", "DTSTART:20260302T090000Z", "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15", "SUMMARY:No", "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");
    const report = await control("POST", "/microsoft/import", { email, ics });
    assert.deepEqual([report.vevents, report.loaded, report.rejected.length, report.summary], [4, 3, 1, "From a file"]);
    const seen = (await graph.api(`/me/calendars/${report.calendar_id}/calendarView?${spring}`).get()).value;
    assert.deepEqual(seen.map((item) => [item.subject, item.start.dateTime.slice(5, 16)]), [["Series", "03-02T08:00"], ["Day", "03-10T00:00"], ["Moved", "03-16T10:00"], ["Series", "03-23T08:00"], ["Series", "03-30T07:00"]]);
    assert.deepEqual([seen[1].isAllDay, seen[1].sensitivity, seen[1].showAs, seen[1].iCalUId], [true, "private", "free", "2@x"]);
  }],
  ["five calls at a time are one too many", async () => {
    await control("POST", "/settings", { latency_ms: 200, graph_retry_after_seconds: 1 });
    const { graph } = await newClient();
    const calls = await Promise.allSettled(Array.from({ length: 5 }, () => graph.api("/me/calendar").middlewareOptions([once()]).get()));
    const failed = calls.filter((call) => call.status === "rejected").map((call) => call.reason);
    assert.deepEqual(failed.map((error) => [error.statusCode, error.code, error.headers.get("retry-after")]), [[429, "ApplicationThrottled", "1"]]);
    await control("POST", "/settings", { latency_ms: 0 });
    assert.ok((await graph.api("/me/calendar").get()).id);
  }],
  ["the budget of a mailbox", async () => {
    await control("POST", "/settings", { graph_mailbox_budget: 3, graph_retry_after_seconds: 0 });
    const { graph } = await newClient();
    for (let i = 0; i < 3; ++i) await graph.api("/me").get();
    assert.equal((await refused(graph.api("/me").middlewareOptions([once()]).get(), 429, "ApplicationThrottled")).headers.get("retry-after"), null);
    await control("POST", "/clock", { advance_seconds: 601 });
    await graph.api("/me").get();
    await control("POST", "/settings", { graph_mailbox_budget: 10000 });
  }],
];
