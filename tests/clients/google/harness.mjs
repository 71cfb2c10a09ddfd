// SPDX-License-Identifier: Apache-2.0
// What every step needs: the emulator's control plane, the official clients, and expectations of refusals.
import assert from "node:assert/strict";
import { calendar } from "@googleapis/calendar";
import { OAuth2Client } from "google-auth-library";

const need = (name) => process.env[name] ?? assert.fail(`${name} is not set; start this with tests/clients/run`);
export const emulator = need("EMULATOR_URL");
export const client = { id: need("EMULATOR_CLIENT_ID"), secret: need("EMULATOR_CLIENT_SECRET") };
export const redirectUri = need("EMULATOR_REDIRECT_URI");
export const scopePrefix = "https://www.googleapis.com/auth/";
const stepLimitMs = 30000;

// Steps are [name, function] pairs; each has to arrange what it needs, so that one failure does not cause others.
export async function runSteps(group, steps) {
  const counts = { passed: 0, failed: 0 };
  for (const [name, act] of steps) {
    try {
      await withLimit(act());
      counts.passed += 1;
      console.log(`ok   ${group}: ${name}`);
    } catch (error) {
      counts.failed += 1;
      console.log(`FAIL ${group}: ${name}\n     ${String(error.stack ?? error).replaceAll("\n", "\n     ")}`);
      if (error.response?.data) console.log(`     ${JSON.stringify(error.response.data)}`);
    }
  }
  return counts;
}

async function withLimit(work) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${stepLimitMs} ms`)), stepLimitMs);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

export async function control(method, path, body) {
  const answer = await fetch(`${emulator}/control${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} /control${path} answers ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

let accounts = 0;
// An account of its own for a step.
export async function newAccount(more = {}) {
  accounts += 1;
  const email = `person-${accounts}@example.com`;
  await control("POST", "/accounts", { email, name: "Grace Hopper", ...more });
  return email;
}

export function oauthClient(options = {}) {
  return new OAuth2Client({
    clientId: client.id,
    clientSecret: client.secret,
    redirectUri,
    endpoints: {
      tokenInfoUrl: `${emulator}/tokeninfo`,
      oauth2AuthBaseUrl: `${emulator}/o/oauth2/v2/auth`,
      oauth2TokenUrl: `${emulator}/token`,
      oauth2RevokeUrl: `${emulator}/revoke`,
    },
    ...options,
  });
}

export const mint = (email, scope) => control("POST", "/tokens", { email, ...(scope ? { scope } : {}) });

// With an access token alone the library neither refreshes nor repeats anything.
export async function apiFor(email, scope) {
  const auth = oauthClient();
  auth.setCredentials({ access_token: (await mint(email, scope)).access_token });
  return apiWith(auth);
}

export const apiWith = (auth, options = {}) => calendar({ version: "v3", auth, rootUrl: `${emulator}/`, retry: false, ...options });

export async function newApi(more) {
  const email = await newAccount(more);
  return { email, api: await apiFor(email) };
}

// The call has to fail with this status; gives the answer's body.
export async function failure(call, status) {
  let result;
  try {
    result = await call;
  } catch (error) {
    assert.equal(error.response?.status ?? error.status, status, `${error.message}`);
    return error.response.data;
  }
  assert.fail(`expected ${status}, got ${result?.status}`);
}

// An error of the Calendar API, in Google's envelope.
export async function refused(call, status, reason, expected = {}) {
  const body = await failure(call, status);
  assert.equal(body.error?.code, status, JSON.stringify(body));
  assert.equal(typeof body.error.message, "string");
  const [first] = body.error.errors;
  assert.equal(first.reason, reason);
  for (const [name, value] of Object.entries(expected)) assert.equal(first[name], value, `errors[0].${name}`);
  return body;
}

// An error of the token endpoint, which has a shape of its own.
export async function denied(call, status, error, description) {
  const body = await failure(call, status);
  assert.equal(body.error, error, JSON.stringify(body));
  assert.equal(typeof body.error_description, "string");
  if (description) assert.match(body.error_description, description);
}

export const timed = (start, end, timeZone) => ({
  start: { dateTime: start, ...(timeZone ? { timeZone } : {}) },
  end: { dateTime: end, ...(timeZone ? { timeZone } : {}) },
});

// A list from its first page to its last: the items, the pages and the last page's sync token.
export async function listAll(list, params) {
  const pages = [];
  let pageToken;
  do {
    const { data } = await list({ ...params, ...(pageToken ? { pageToken } : {}) });
    pages.push(data);
    assert.ok(pages.length < 100, "pages without end");
    pageToken = data.nextPageToken;
  } while (pageToken);
  for (const page of pages.slice(0, -1)) assert.equal(page.nextSyncToken, undefined, "a sync token before the last page");
  return { pages, items: pages.flatMap((page) => page.items ?? []), syncToken: pages.at(-1).nextSyncToken };
}

export const allEvents = (api, params = {}) => listAll((query) => api.events.list(query), { calendarId: "primary", ...params });

export const header = (answer, name) => new Headers(answer.headers).get(name);

export const ids = (items) => items.map((item) => item.id).sort();
