// SPDX-License-Identifier: Apache-2.0
// Entra ID: consent, codes, tokens, refusals.
import assert from "node:assert/strict";
import { authorize, client, clientWith, control, denied, emulator, entra, everyScope, mint, newUser, pkce, plain, redirectUri, refused, token } from "./harness.mjs";

const exchange = (code, more = {}, tenant) => token({ grant_type: "authorization_code", code, redirect_uri: redirectUri, ...more }, tenant);
const refresh = (refresh_token, more = {}, tenant) => token({ grant_type: "refresh_token", refresh_token, ...more }, tenant);
const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split(".")[1], "base64url"));
const settings = (changes) => control("POST", "/settings", changes);

async function connected(more = {}, kind = {}) {
  const user = await newUser(kind);
  const { code } = await authorize(user.email, more);
  return { user, tokens: (await exchange(code)).body };
}

export const steps = [
  ["a code becomes tokens, with PKCE and the state echoed", async () => {
    const user = await newUser();
    const { verifier, challenge } = pkce();
    const back = await authorize(user.email, { code_challenge: challenge, code_challenge_method: "S256", nonce: "n-1" });
    assert.equal(back.state, "s-1");
    const { status, body } = await exchange(back.code, { code_verifier: verifier });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.token_type, "Bearer");
    assert.deepEqual(body.scope.split(" ").sort(), ["Calendars.ReadWrite", "User.Read", "email", "openid", "profile"]);
    assert.ok(body.expires_in > 3000 && body.ext_expires_in > 3000 && body.refresh_token);
    const claims = claimsOf(body.id_token);
    assert.deepEqual([claims.tid, claims.oid, claims.preferred_username, claims.nonce, claims.aud, claims.ver], [user.tenant, user.oid, user.email, "n-1", client.id, "2.0"]);
    assert.equal((await clientWith(body.access_token).api("/me").get()).id, user.id);
  }],
  ["a wrong verifier is AADSTS501481", async () => {
    const { code } = await authorize((await newUser()).email, { code_challenge: pkce().challenge, code_challenge_method: "S256" });
    await denied(exchange(code, { code_verifier: pkce().verifier }), 400, "invalid_grant", 501481);
  }],
  ["a code works once", async () => {
    const { code } = await authorize((await newUser()).email);
    assert.equal((await exchange(code)).status, 200);
    await denied(exchange(code), 400, "invalid_grant", 54005);
  }],
  ["a code ends after ten minutes", async () => {
    const { code } = await authorize((await newUser()).email);
    await control("POST", "/clock", { advance_seconds: 601 });
    await denied(exchange(code), 400, "invalid_grant", 70008);
  }],
  ["without offline_access there is no refresh token", async () => {
    const { tokens } = await connected({ scope: "User.Read" });
    assert.equal(tokens.refresh_token, undefined);
    assert.equal(tokens.id_token, undefined);
  }],
  ["each refresh rotates; the old token still works", async () => {
    const { tokens } = await connected();
    const first = (await refresh(tokens.refresh_token)).body;
    const second = (await refresh(tokens.refresh_token)).body;
    assert.equal(new Set([tokens.refresh_token, first.refresh_token, second.refresh_token]).size, 3);
    assert.notEqual(first.access_token, second.access_token);
  }],
  ["a replaced token dies at once when the switch says so", async () => {
    await settings({ entra_replaced_refresh_seconds: 0 });
    const { tokens } = await connected();
    const next = (await refresh(tokens.refresh_token)).body;
    await denied(refresh(tokens.refresh_token), 400, "invalid_grant", 700082);
    assert.equal((await refresh(next.refresh_token)).status, 200);
    await settings({ entra_replaced_refresh_seconds: 7776000 });
  }],
  ["a refresh token ends after 90 days without use", async () => {
    const { tokens } = await connected();
    await control("POST", "/clock", { advance_seconds: 7776001 });
    await denied(refresh(tokens.refresh_token), 400, "invalid_grant", 700082);
  }],
  ["a revoked grant is AADSTS50173 with its suberror", async () => {
    const { user, tokens } = await connected();
    await control("POST", "/microsoft/tokens/revoke", { email: user.email });
    assert.equal((await denied(refresh(tokens.refresh_token), 400, "invalid_grant", 50173)).suberror, "bad_token");
    await refused(clientWith(tokens.access_token).api("/me").get(), 401, "InvalidAuthenticationToken");
  }],
  ["more than was granted is AADSTS65001", async () => {
    const { tokens } = await connected({ scope: "offline_access Calendars.Read" });
    assert.equal((await denied(refresh(tokens.refresh_token, { scope: "Calendars.ReadWrite" }), 400, "invalid_grant", 65001)).suberror, "consent_required");
  }],
  ["a wrong secret is 401 invalid_client", async () => {
    const { tokens } = await connected();
    await denied(refresh(tokens.refresh_token, { client_secret: "wrong" }), 401, "invalid_client", 7000215);
    await denied(refresh(tokens.refresh_token, { client_id: "other" }), 400, "unauthorized_client", 700016);
  }],
  ["missing parameters are AADSTS900144", async () => {
    await denied(token({}), 400, "invalid_request", 900144);
    await denied(token({ grant_type: "refresh_token" }), 400, "invalid_request", 900144);
  }],
  ["a denial and the wall for users who may not consent", async () => {
    const denial = await authorize("", { emulator_decision: "deny" });
    assert.equal(denial.error, "access_denied");
    assert.match(denial.error_description, /^AADSTS65004/);
    assert.match((await authorize("", { emulator_decision: "admin" })).page.body, /AADSTS90094/);
  }],
  ["a partial consent grants a part", async () => {
    const { tokens } = await connected({ emulator_scopes: "openid offline_access User.Read" });
    assert.ok(!tokens.scope.includes("Calendars"));
    await refused(clientWith(tokens.access_token).api("/me/calendars").get(), 403, "ErrorAccessDenied");
  }],
  ["long scope names come back long", async () => {
    const { tokens } = await connected({ scope: "openid offline_access https://graph.microsoft.com/Calendars.Read" });
    assert.ok(tokens.scope.split(" ").includes("https://graph.microsoft.com/Calendars.Read"), tokens.scope);
  }],
  ["personal accounts have opaque tokens and the consumers' tenant", async () => {
    const { user, tokens } = await connected({}, { kind: "personal" });
    assert.ok(!tokens.access_token.includes("."));
    assert.equal(claimsOf(tokens.id_token).tid, "9188040d-6c67-4c5b-b112-36a304b66dad");
    assert.equal((await clientWith(tokens.access_token).api("/me").get()).mail, null);
    assert.match((await authorize(user.email, {}, "organizations")).page.body, /AADSTS50020/);
  }],
  ["tenants: by id, by domain, unknown", async () => {
    const user = await newUser();
    assert.ok((await authorize(user.email, {}, user.tenant)).code);
    assert.ok((await authorize(user.email, {}, "contoso.example")).code);
    assert.match((await authorize(user.email, {}, "nobody.example")).page.body, /AADSTS90002/);
    await denied(token({ grant_type: "refresh_token", refresh_token: "x" }, "nobody.example"), 400, "invalid_request", 90002);
  }],
  ["a redirect URI that is not registered never gets anything", async () => {
    const answer = await authorize((await newUser()).email, { redirect_uri: "https://elsewhere.example/" });
    assert.match(answer.page.body, /AADSTS50011/);
  }],
  ["prompt=none", async () => {
    const user = await newUser();
    assert.equal((await authorize("", { prompt: "none" })).error, "login_required");
    assert.equal((await authorize("", { prompt: "none", login_hint: user.email })).error, "consent_required");
    await authorize(user.email);
    assert.ok((await authorize("", { prompt: "none", login_hint: user.email })).code);
  }],
  ["ordered AADSTS faults", async () => {
    const { tokens } = await connected();
    await control("POST", "/faults", { match: { operation: "entra.token" }, kind: "aadsts_53003" });
    assert.equal((await denied(refresh(tokens.refresh_token), 400, "interaction_required", 53003)).suberror, "message_only");
    await control("POST", "/faults", { match: { operation: "entra.token" }, kind: "unavailable", retry_after: "7" });
    const answer = await refresh(tokens.refresh_token);
    assert.deepEqual([answer.status, answer.body.error, answer.headers.get("retry-after")], [503, "temporarily_unavailable", "7"]);
  }],
  ["metadata and keys are published", async () => {
    const { body } = await plain(`${emulator}/entra/common/v2.0/.well-known/openid-configuration`);
    assert.equal(body.token_endpoint, `${entra()}/token`);
    assert.equal((await plain(body.jwks_uri)).body.keys[0].kty, "RSA");
  }],
  ["expired access tokens are 401", async () => {
    const { access_token } = await mint((await newUser()).email, everyScope);
    await control("POST", "/clock", { advance_seconds: 3600 });
    const error = await refused(clientWith(access_token).api("/me").get(), 401, "InvalidAuthenticationToken");
    assert.match(error.message, /expired/);
    await refused(clientWith("garbage").api("/me").get(), 401, "InvalidAuthenticationToken");
  }],
];
