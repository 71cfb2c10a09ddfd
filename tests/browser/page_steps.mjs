// SPDX-License-Identifier: Apache-2.0
// What can be seen: every room, at both sizes, in both schemes, with and without JavaScript.
import assert from "node:assert/strict";
import { assertSound, open, operator, picture, sizes } from "./browser.mjs";
import { ask, pictures, reload, root, row, sql } from "./stand.mjs";

let example;
async function connection() {
  example ??= await ask("connected", 3);
  return example;
}

const rooms = async () => {
  const { id } = await connection();
  return { overview: "/admin", connections: "/admin/connections", connection: `/admin/connections/${id}`, events: "/admin/events", jobs: "/admin/jobs", audit: "/admin/audit", bulk: "/admin/bulk/new?action=sync&state=active", action: `/admin/connections/${id}/do/reset` };
};

/** Runs of the last day, so that the charts have something to draw. */
async function history(id, owner) {
  await sql(
    `INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, lease_token, outcome, error, provider_status, started_at, finished_at, quiet_before)
     SELECT gen_random_uuid(), %s, %s, 'google', 1, CASE WHEN n %% 7 = 0 THEN 'retry' ELSE 'complete' END,
       CASE WHEN n %% 14 = 0 THEN 'rate_limited: slow down' WHEN n %% 7 = 0 THEN 'provider_unavailable: it answered 503' END, CASE WHEN n %% 7 = 0 THEN 503 END,
       now() - make_interval(mins => 12 * n), now() - make_interval(mins => 12 * n), n %% 5
     FROM generate_series(1, 110) AS n`, id, owner);
}

export const steps = {
  async "every room at both sizes"(keep) {
    const { id, owner } = await connection();
    await history(id, owner);
    for (const [size, viewport] of Object.entries(sizes)) {
      const { page, complaints } = keep(await operator({ viewport }));
      for (const [name, address] of Object.entries(await rooms())) {
        const answer = await page.goto(root + address);
        assert.equal(answer.status(), 200, address);
        await assertSound(page, complaints, `${name} at ${size}`);
        await picture(page, `${name}-${size}`);
      }
    }
  },

  async "the dark scheme"(keep) {
    const { page, complaints } = keep(await operator({ colorScheme: "dark" }));
    await assertSound(page, complaints, "overview");
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(paper, "rgb(20, 23, 26)");
    await picture(page, "overview-dark");
  },

  async "lists, details and actions without JavaScript"(keep) {
    const { id, email } = await ask("connected");
    const { page, context } = keep(await open({ javaScriptEnabled: false }));
    await page.goto(`${root}/admin/connections?q=${email}`);
    await page.getByLabel("Admin token").fill(process.env.CALSYNC_ADMIN_TOKEN);
    await page.getByRole("button", { name: "Log in" }).click();
    // The page that was asked for comes after the login.
    assert.equal(page.url(), `${root}/admin/connections?q=${email}`);
    await page.getByRole("link", { name: email }).click();
    assert.match(await page.locator("#why").innerText(), /in step/);
    assert.match(await page.locator("#timeline").innerText(), /connected/);
    await page.getByRole("link", { name: "Sync now" }).click();
    await page.getByLabel("Reason").fill("without a script");
    await page.getByRole("button", { name: "Sync now" }).click();
    assert.match(await page.getByRole("status").innerText(), /Sync now: done/);
    await row("SELECT 1 AS found FROM calendar_operator_actions WHERE connection_id = %s AND reason = 'without a script'", id);
    await page.goto(`${root}/admin`);
    assert.match(await page.locator("#causes").innerText(), /active/);
    assert.equal((await context.cookies())[0].httpOnly, true);
  },

  async "the overview counts what is there"(keep) {
    const { id } = await connection();
    await sql("UPDATE external_calendar_connections SET last_error = 'configuration_error: planted', error_count = 3, backoff_until = now() + interval '1 hour' WHERE id = %s", id);
    const { page, complaints } = keep(await operator());
    const cause = page.locator("#causes tr", { hasText: "configuration_error" });
    assert.match((await cause.innerText()).replaceAll(/\s+/g, " "), /delayed configuration_error operator 1/);
    await cause.getByRole("link").click();
    assert.match(await page.locator("#list").innerText(), /configuration_error: planted/);
    await assertSound(page, complaints, "the list of a cause");
    await sql("UPDATE external_calendar_connections SET last_error = NULL, error_count = 0, backoff_until = NULL WHERE id = %s", id);
  },

  async "charts are told and tabled"(keep) {
    const { page } = keep(await operator());
    const charts = page.locator("figure.chart");
    assert.equal(await charts.count(), 3);
    for (const chart of await charts.all()) {
      const told = await chart.locator("svg").evaluate((svg) => svg.getAttribute("aria-labelledby").split(" ").map((id) => document.getElementById(id).textContent));
      assert.equal(told.length, 2);
      assert.ok(told.every((text) => text.length > 5), told);
    }
    const runs = charts.filter({ hasText: "Runs by hour" });
    await runs.locator("summary").click();
    const shown = await runs.locator("tbody tr td:nth-child(3)").allInnerTexts();
    const failed = await row("SELECT count(*)::int AS runs FROM calendar_sync_runs WHERE outcome IN ('retry', 'suspend') AND finished_at >= date_trunc('hour', now()) - interval '23 hours'");
    assert.equal(shown.reduce((sum, one) => sum + Number(one), 0), failed.runs);
  },

  async "incidents and wrong switches stand on top"(keep) {
    await sql("INSERT INTO calendar_provider_circuits (provider, host, state, reason, probe_at) VALUES ('google', 'www.googleapis.com', 'open', 'it answers 503 to every call', now() + interval '1 minute')");
    await sql("INSERT INTO calendar_rate_buckets (scope, key, tokens, per_second, burst, blocked_until) VALUES ('project', 'google/our-client', 0, 1, 1, now() + interval '1 hour')");
    await reload({ CALENDAR_WEBHOOK_ENABLED: "ture", CALENDAR_JOBS_ENABLED: "false" });
    const { page, complaints } = keep(await operator());
    const banner = (await page.locator("#incidents").innerText()).replaceAll(/\s+/g, " ");
    assert.match(banner, /google at www.googleapis.com is away/);
    assert.match(banner, /quota is used up: project google\/our-client/);
    assert.match(banner, /CALENDAR_WEBHOOK_ENABLED is invalid and counts as off: ture/);
    const switches = page.locator("section", { hasText: "Switches and lists" });
    assert.match(await switches.locator("tr", { hasText: "CALENDAR_WEBHOOK_ENABLED" }).innerText(), /invalid value/);
    assert.match(await switches.locator("tr", { hasText: "CALENDAR_JOBS_ENABLED" }).innerText(), /off\s+scheduled polling/);
    await assertSound(page, complaints, "overview with incidents");
    await picture(page, "overview-incidents");
    await page.setViewportSize({ width: 1100, height: 1250 });
    await page.screenshot({ path: `${pictures}/readme.png` });
    await reload({ CALENDAR_WEBHOOK_ENABLED: "true", CALENDAR_JOBS_ENABLED: "true" });
    await sql("DELETE FROM calendar_provider_circuits WHERE host = 'www.googleapis.com'");
    await sql("DELETE FROM calendar_rate_buckets WHERE key = 'google/our-client'");
  },

  async "live sections follow without a reload"(keep) {
    const { id } = await connection();
    const { page, complaints } = keep(await operator());
    await page.goto(`${root}/admin/connections/${id}`);
    await sql("UPDATE external_calendar_connections SET last_error = 'network_error: planted', error_count = 1, backoff_until = now() + interval '1 hour' WHERE id = %s", id);
    await page.locator("#why", { hasText: "network_error: planted" }).waitFor({ timeout: 15000 });
    await sql("UPDATE external_calendar_connections SET last_error = NULL, error_count = 0, backoff_until = NULL WHERE id = %s", id);
    await page.locator("#why", { hasText: "in step" }).waitFor({ timeout: 15000 });
    assert.deepEqual(complaints, []);
  },

  async "search, filters and paging"(keep) {
    const owner = await row("SELECT id::text FROM profiles LIMIT 1");
    await sql(
      `INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, provider_email, sync_enabled)
       SELECT %s, 'nobody', 'page' || n, 'page-' || n || '@paging.example', false FROM generate_series(1, 120) AS n`, owner.id);
    const { page, complaints } = keep(await operator());
    await page.goto(`${root}/admin/connections`);
    await page.getByLabel("Search").fill("PAGING.example");
    await page.getByLabel("State").selectOption("disabled");
    await page.getByRole("button", { name: "Search" }).click();
    const seen = [];
    for (;;) {
      seen.push(...(await page.locator("#list tbody tr td:first-child a").allInnerTexts()));
      const next = page.getByRole("link", { name: "Next page" });
      if (!(await next.count())) break;
      await next.click();
      await page.waitForLoadState();
    }
    assert.equal(seen.length, 120);
    assert.equal(new Set(seen).size, 120);
    await assertSound(page, complaints, "the last page");
    await page.goto(`${root}/admin/connections?provider_id=nonsense`);
    assert.match(await page.getByRole("alert").innerText(), /UUID/);
    await sql("DELETE FROM external_calendar_connections WHERE provider_email LIKE '%%@paging.example'");
  },

  async "nothing of an event's content is shown"(keep) {
    const { id } = await connection();
    await sql("UPDATE external_calendar_events SET sync_status = 'FAILED', last_error = 'provider_malformed: planted' WHERE connection_id = %s AND external_event_id = 'event00000'", id);
    const { page } = keep(await operator());
    for (const address of ["/admin/events", `/admin/connections/${id}`, "/admin/audit", "/admin"]) {
      await page.goto(root + address);
      assert.ok(!(await page.content()).includes("Secret title"), address);
    }
    await page.goto(`${root}/admin/events`);
    assert.match(await page.locator("#list").innerText(), /event00000/);
    await sql("UPDATE external_calendar_events SET sync_status = 'SYNCED', last_error = NULL WHERE connection_id = %s", id);
  },

  async "unknown pages and ids are told kindly"(keep) {
    const { page } = keep(await operator());
    for (const address of ["/admin/connections/nonsense", "/admin/jobs/nonsense", "/admin/bulk/00000000-0000-4000-8000-000000000000", "/admin/events/nonsense/retry", "/admin/nonsense"]) {
      const answer = await page.goto(root + address);
      assert.equal(answer.status(), 404, address);
      assert.match(await page.locator("h1").innerText(), /There is no such/);
    }
  },
};
