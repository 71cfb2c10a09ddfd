// SPDX-License-Identifier: Apache-2.0
// Who comes in, and whose forms count.
import assert from "node:assert/strict";
import { adminToken, appToken, ask, root, sql } from "./stand.mjs";
import { logIn, open, operator } from "./browser.mjs";

const headersOfForms = { "Content-Type": "application/x-www-form-urlencoded" };

/** The cookie of a session, made without a browser. */
async function session(token = adminToken) {
  const answer = await fetch(`${root}/admin/login`, { method: "POST", redirect: "manual", headers: { ...headersOfForms, Origin: root }, body: new URLSearchParams({ token }) });
  return { answer, cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] };
}

async function csrfOf(cookie) {
  const text = await (await fetch(`${root}/admin`, { headers: { Cookie: cookie } })).text();
  return text.match(/name="csrf" value="([^"]+)"/)[1];
}

const post = (path, fields, headers) => fetch(root + path, { method: "POST", redirect: "manual", headers: { ...headersOfForms, ...headers }, body: new URLSearchParams(fields) });

export const steps = {
  async "headers of every page"() {
    const { answer, cookie } = await session();
    assert.equal(answer.status, 303);
    assert.match(answer.headers.get("set-cookie"), /; Path=\/admin; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    for (const path of ["/admin", "/admin/login", "/admin/connections", "/admin/connections/nonsense", "/admin/jobs", "/admin/audit"]) {
      const { headers } = await fetch(root + path, { headers: { Cookie: cookie }, redirect: "manual" });
      assert.equal(headers.get("content-security-policy"), "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", path);
      assert.deepEqual([headers.get("x-content-type-options"), headers.get("referrer-policy"), headers.get("cache-control")], ["nosniff", "no-referrer", "no-store"], path);
    }
  },

  async "assets have their types and are kept"() {
    const text = await (await fetch(`${root}/admin/login`)).text();
    const addresses = [...text.matchAll(/"(\/admin\/assets\/[^"]+)"/g)].map((one) => one[1]);
    assert.equal(addresses.length, 3);
    const types = { css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", svg: "image/svg+xml" };
    for (const address of addresses) {
      const { status, headers } = await fetch(root + address);
      assert.deepEqual([status, headers.get("content-type"), headers.get("cache-control"), headers.get("x-content-type-options")], [200, types[address.split(".").at(-1)], "public, max-age=31536000, immutable", "nosniff"]);
    }
    assert.equal((await fetch(`${root}/admin/assets/0000000000000000/page.css`)).status, 404);
  },

  async "without a session there is only the login"(keep) {
    const { page } = keep(await open());
    for (const path of ["/admin", "/admin/connections", "/admin/audit"]) {
      await page.goto(root + path);
      assert.ok(page.url().startsWith(`${root}/admin/login`), page.url());
    }
    for (const next of ["//evil.example/", "https://evil.example/", "/admin/../../x", "/\\evil.example", "/api/auth/google"]) {
      await page.goto(`${root}/admin/login?next=${encodeURIComponent(next)}`);
      await page.getByLabel("Admin token").fill(adminToken);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForLoadState();
      assert.ok(page.url().startsWith(`${root}/`), `${next} led to ${page.url()}`);
      await page.context().clearCookies();
    }
    for (const cookie of ["calsync_operator=", "calsync_operator=nonsense", `calsync_operator=${adminToken}`])
      assert.equal((await fetch(`${root}/admin`, { redirect: "manual", headers: { Cookie: cookie } })).status, 303);
    // Sessions open the page and nothing else, and tokens everything else.
    const { cookie } = await session();
    assert.equal((await fetch(`${root}/api/admin/calendar/status`, { headers: { Cookie: cookie } })).status, 401);
    assert.equal((await fetch(`${root}/admin`, { redirect: "manual", headers: { Authorization: `Bearer ${adminToken}` } })).status, 303);
  },

  async "logout"(keep) {
    const { page, context } = keep(await operator());
    const [cookie] = await context.cookies();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL(`${root}/admin/login`);
    assert.deepEqual(await context.cookies(), []);
    // The session is gone at the server, too.
    assert.equal((await fetch(`${root}/admin`, { redirect: "manual", headers: { Cookie: `${cookie.name}=${cookie.value}` } })).status, 303);
    await page.goBack();
    assert.ok(!(await page.content()).includes("Switches and lists"), "a page was kept in the history");
  },

  async "a session that is over leads to the login and back"(keep) {
    const { page } = keep(await operator());
    await page.goto(`${root}/admin/audit`);
    await ask("restart_api");
    await page.getByRole("link", { name: "Connections" }).click();
    await page.waitForURL(/\/admin\/login\?next=/);
    await page.getByLabel("Admin token").fill(adminToken);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(`${root}/admin/connections`);
  },

  async "forms from elsewhere change nothing"() {
    const { id } = await ask("connected");
    const { cookie } = await session();
    const csrf = await csrfOf(cookie);
    const fields = { csrf, reason: "forged" };
    const path = `/admin/connections/${id}/do/disable`;
    const refusals = {
      "another origin": [fields, { Cookie: cookie, Origin: "https://evil.example" }, 403],
      "another site": [fields, { Cookie: cookie, Origin: root, "Sec-Fetch-Site": "cross-site" }, 403],
      "a sister site": [fields, { Cookie: cookie, "Sec-Fetch-Site": "same-site" }, 403],
      "an opaque origin": [fields, { Cookie: cookie, Origin: "null" }, 403],
      "no origin": [fields, { Cookie: cookie }, 403],
      "no token": [{ reason: "forged" }, { Cookie: cookie, Origin: root }, 403],
      "a wrong token": [{ ...fields, csrf: "x".repeat(csrf.length) }, { Cookie: cookie, Origin: root }, 403],
      "another session's token": [{ ...fields, csrf: await csrfOf((await session()).cookie) }, { Cookie: cookie, Origin: root }, 403],
      "no session": [fields, { Origin: root }, 303],
      "JSON": [fields, { Cookie: cookie, Origin: root, "Content-Type": "application/json" }, 400],
      "a field that is not known": [{ ...fields, more: "1" }, { Cookie: cookie, Origin: root }, 400],
      "a form that is too large": [{ ...fields, minutes: "1".repeat(20000) }, { Cookie: cookie, Origin: root }, 400],
    };
    for (const [name, [body, headers, status]] of Object.entries(refusals)) assert.equal((await post(path, body, headers)).status, status, name);
    assert.deepEqual(await sql("SELECT 1 FROM calendar_operator_actions WHERE reason = 'forged'"), []);
    assert.deepEqual(await sql("SELECT sync_enabled FROM external_calendar_connections WHERE id = %s", id), [{ sync_enabled: true }]);
    // The same form from a page of ours is taken.
    assert.equal((await post(path, fields, { Cookie: cookie, Origin: root })).status, 303);
    assert.deepEqual(await sql("SELECT sync_enabled FROM external_calendar_connections WHERE id = %s", id), [{ sync_enabled: false }]);
  },

  async "a page of another site cannot send our forms"(keep) {
    const { id } = await ask("connected");
    const { page, context } = keep(await operator());
    await context.route("https://evil.example/**", (route) => route.fulfill({ contentType: "text/html", body: `<form method="post" action="${root}/admin/connections/${id}/do/disable"><input name="reason" value="forged by a page"></form><script>document.forms[0].submit()</script>` }));
    await page.goto("https://evil.example/").catch(() => {});
    await page.waitForURL(`${root}/admin/connections/${id}/do/disable`);
    assert.match(await page.locator("h1").innerText(), /not sent from a page of this server/);
    assert.deepEqual(await sql("SELECT 1 FROM calendar_operator_actions WHERE reason = 'forged by a page'"), []);
  },

  async "wrong tokens are refused, and guessing comes to an end"() {
    // Last of all: this address has to wait five minutes afterwards.
    assert.equal((await session(appToken)).answer.status, 403);
    const statuses = [];
    for (let attempt = 0; attempt < 12; ++attempt) statuses.push((await session(`guess-${attempt}-0123456789`)).answer.status);
    assert.deepEqual(statuses, [...Array(9).fill(403), 429, 429, 429]);
    const { answer } = await session();
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers.get("retry-after")) > 200, answer.headers.get("retry-after"));
  },
};
