// SPDX-License-Identifier: Apache-2.0
// The life of access and refresh tokens.
import assert from "node:assert/strict";
import { apiWith, control, denied, emulator, mint, newAccount, oauthClient, refused } from "./harness.mjs";

async function connected(options) {
  const email = await newAccount();
  const tokens = await mint(email);
  const auth = oauthClient(options);
  auth.setCredentials({ access_token: tokens.access_token, refresh_token: tokens.refresh_token });
  return { email, tokens, auth };
}

function bearer(token) {
  const auth = oauthClient();
  auth.setCredentials({ access_token: token });
  return apiWith(auth);
}

const primary = (api) => api.calendars.get({ calendarId: "primary" });
const tokenCalls = async (email) => (await control("GET", `/calls?operation=token&account=${email}`)).count;

export const steps = [
  ["a refresh gives another access token, the same scopes and no refresh token", async () => {
    const { auth, tokens } = await connected();
    const { res } = await auth.refreshAccessToken();
    assert.equal(res.data.scope, tokens.scope);
    const raw = await auth.transporter.request({
      url: `${emulator}/token`, method: "POST",
      data: new URLSearchParams({ grant_type: "refresh_token", refresh_token: tokens.refresh_token, client_id: auth._clientId, client_secret: auth._clientSecret }),
    });
    assert.equal(raw.data.refresh_token, undefined);
    assert.equal(raw.data.expires_in, 3599);
    assert.notEqual(raw.data.access_token, tokens.access_token);
    assert.equal((await primary(bearer(tokens.access_token))).status, 200, "earlier access tokens stay good");
  }],
  ["a rotated refresh token replaces the old one", async () => {
    await control("POST", "/settings", { rotate_refresh_tokens: true });
    const { auth, tokens } = await connected();
    const announced = [];
    auth.on("tokens", (fresh) => announced.push(fresh.refresh_token));
    await auth.refreshAccessToken();
    await control("POST", "/settings", { rotate_refresh_tokens: false });
    assert.ok(announced[0] && announced[0] !== tokens.refresh_token);
    auth.setCredentials({ refresh_token: tokens.refresh_token });
    await denied(auth.refreshAccessToken(), 400, "invalid_grant", /expired or revoked/);
    auth.setCredentials({ refresh_token: announced[0] });
    await auth.refreshAccessToken();
  }],
  ["an access token ends after its lifetime with 401 authError", async () => {
    const { tokens } = await connected();
    await control("POST", "/clock", { advance_seconds: 3600 });
    const { error } = await refused(primary(bearer(tokens.access_token)), 401, "authError", { location: "Authorization", locationType: "header" });
    assert.equal(error.status, "UNAUTHENTICATED");
  }],
  ["no credentials are 401 required", async () => {
    const answer = await fetch(`${emulator}/calendar/v3/calendars/primary`);
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("www-authenticate"), /^Bearer /);
    const { error } = await answer.json();
    assert.equal(error.errors[0].reason, "required");
    assert.equal(error.status, "UNAUTHENTICATED");
  }],
  ["the library refreshes after a 401 and repeats the call with its body", async () => {
    const { auth, email, tokens } = await connected();
    await control("POST", "/tokens/expire-access", { email });
    const { data } = await apiWith(auth).calendars.insert({ requestBody: { summary: "Twice sent" } });
    assert.equal(data.summary, "Twice sent");
    assert.notEqual(auth.credentials.access_token, tokens.access_token);
    assert.equal(await tokenCalls(email), 1);
  }],
  ["the library refreshes before a call when the expiry date has passed", async () => {
    const { auth, email, tokens } = await connected();
    auth.setCredentials({ ...auth.credentials, expiry_date: Date.now() - 1000 });
    assert.equal((await primary(apiWith(auth))).data.id, email);
    assert.notEqual(auth.credentials.access_token, tokens.access_token);
    assert.equal((await control("GET", `/calls?account=${email}&status=401`)).count, 0);
  }],
  ["two calls at once share one refresh", async () => {
    const { auth, email } = await connected({ eagerRefreshThresholdMillis: 0 });
    auth.setCredentials({ refresh_token: auth.credentials.refresh_token });
    await Promise.all([primary(apiWith(auth)), primary(apiWith(auth))]);
    assert.equal(await tokenCalls(email), 1);
  }],
  ["a dead refresh token is invalid_grant in the middle of a call", async () => {
    const { auth, email } = await connected();
    await control("POST", "/tokens/invalidate-refresh", { email });
    await control("POST", "/tokens/expire-access", { email });
    await denied(primary(apiWith(auth)), 400, "invalid_grant", /expired or revoked/);
  }],
  ["tokeninfo and userinfo know the account", async () => {
    const { auth, email, tokens } = await connected();
    const info = await auth.getTokenInfo(tokens.access_token);
    assert.equal(info.email, email);
    assert.ok(info.scopes.includes("openid") && info.expiry_date > Date.now());
    const v1 = (await auth.request({ url: `${emulator}/v1/userinfo` })).data;
    const v2 = (await auth.request({ url: `${emulator}/oauth2/v2/userinfo` })).data;
    assert.deepEqual([v1.sub, v1.email, v1.email_verified], [info.sub, email, true]);
    assert.deepEqual([v2.id, v2.email, v2.verified_email], [info.sub, email, true]);
  }],
  ["the discovery document names the emulator's own endpoints", async () => {
    const found = await (await fetch(`${emulator}/.well-known/openid-configuration`)).json();
    assert.equal(found.token_endpoint, `${emulator}/token`);
    assert.equal(found.issuer, "https://accounts.google.com");
  }],
  ["revoking an access token ends all tokens of the user", async () => {
    const { auth, email, tokens } = await connected();
    const other = await mint(email);
    assert.equal((await auth.revokeToken(tokens.access_token)).status, 200);
    for (const token of [tokens, other]) {
      await refused(primary(bearer(token.access_token)), 401, "authError");
      auth.setCredentials({ refresh_token: token.refresh_token });
      await denied(auth.refreshAccessToken(), 400, "invalid_grant");
    }
    await denied(auth.revokeToken(tokens.access_token), 400, "invalid_token");
  }],
  ["revoking a refresh token ends the access token too", async () => {
    const { auth, tokens } = await connected();
    await auth.revokeToken(tokens.refresh_token);
    await refused(primary(bearer(tokens.access_token)), 401, "authError");
  }],
  ["one refresh token more than the limit kills the oldest", async () => {
    await control("POST", "/settings", { refresh_token_limit: 3 });
    const { auth, email } = await connected();
    const later = [await mint(email), await mint(email), await mint(email)];
    await control("POST", "/settings", { refresh_token_limit: 100 });
    await denied(auth.refreshAccessToken(), 400, "invalid_grant");
    auth.setCredentials({ refresh_token: later[0].refresh_token });
    await auth.refreshAccessToken();
  }],
  ["a refresh token of a project in Testing dies after seven days", async () => {
    await control("POST", "/settings", { refresh_token_lifetime_seconds: 604800 });
    const { auth } = await connected();
    await control("POST", "/settings", { refresh_token_lifetime_seconds: 0 });
    await control("POST", "/clock", { advance_seconds: 604799 });
    await auth.refreshAccessToken();
    await control("POST", "/clock", { advance_seconds: 1 });
    await denied(auth.refreshAccessToken(), 400, "invalid_grant", /expired or revoked/);
  }],
];
