// SPDX-License-Identifier: Apache-2.0
// From the consent page to the first tokens.
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { CodeChallengeMethod, ClientAuthentication } from "google-auth-library";
import { apiWith, client, control, denied, emulator, newAccount, oauthClient, redirectUri, refused, scopePrefix } from "./harness.mjs";

const calendarScopes = ["openid", "email", "profile", `${scopePrefix}calendar`];

async function visit(url) {
  return fetch(url, { redirect: "manual" });
}

// Passes the consent page as the account's owner; gives the parameters of the redirect.
async function consent(auth, email, options = {}, choices = {}) {
  const url = new URL(auth.generateAuthUrl({ access_type: "offline", scope: calendarScopes, state: "s t&1", ...options }));
  for (const [name, value] of Object.entries({ emulator_account: email, ...choices })) url.searchParams.set(name, value);
  const answer = await visit(url);
  assert.equal(answer.status, 302, await answer.text());
  const location = new URL(answer.headers.get("location"));
  assert.equal(location.origin + location.pathname, redirectUri);
  assert.equal(location.searchParams.get("state"), "s t&1");
  return location.searchParams;
}

async function consentWithProof(auth, email) {
  const { codeVerifier, codeChallenge } = await auth.generateCodeVerifierAsync();
  const options = { code_challenge_method: CodeChallengeMethod.S256, code_challenge: codeChallenge };
  return { code: (await consent(auth, email, options)).get("code"), codeVerifier };
}

async function connect(auth, email, options) {
  const code = (await consent(auth, email, options)).get("code");
  return (await auth.getToken(code)).tokens;
}

export const steps = [
  ["the consent page names the accounts and the scopes", async () => {
    const email = await newAccount();
    const answer = await visit(oauthClient().generateAuthUrl({ scope: calendarScopes }));
    const page = await answer.text();
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type"), /text\/html/);
    assert.ok(page.includes(email) && page.includes(`${scopePrefix}calendar`));
  }],
  ["a code with PKCE becomes tokens that work", async () => {
    const email = await newAccount();
    const auth = oauthClient();
    const { tokens } = await auth.getToken(await consentWithProof(auth, email));
    assert.ok(tokens.access_token && tokens.refresh_token && tokens.id_token);
    assert.equal(tokens.token_type, "Bearer");
    assert.ok(tokens.expiry_date > Date.now());
    assert.deepEqual(new Set(tokens.scope.split(" ")),
      new Set(["openid", `${scopePrefix}userinfo.email`, `${scopePrefix}userinfo.profile`, `${scopePrefix}calendar`]));
    auth.setCredentials(tokens);
    assert.equal((await apiWith(auth).calendars.get({ calendarId: "primary" })).data.id, email);
  }],
  ["the id_token is signed with a published key and says who it is", async () => {
    const email = await newAccount();
    const auth = oauthClient();
    const tokens = await connect(auth, email);
    const { keys } = await (await fetch(`${emulator}/oauth2/v3/certs`)).json();
    const certificates = Object.fromEntries(
      keys.map((key) => [key.kid, createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" })]));
    const ticket = await auth.verifySignedJwtWithCertsAsync(tokens.id_token, certificates, client.id, ["https://accounts.google.com"]);
    const { payload } = ticket.getAttributes();
    assert.equal(payload.email, email);
    assert.equal(payload.name, "Grace Hopper");
    assert.match(payload.sub, /^\d{21}$/);
  }],
  ["a code works once", async () => {
    const auth = oauthClient();
    const proof = await consentWithProof(auth, await newAccount());
    await auth.getToken(proof);
    await denied(auth.getToken(proof), 400, "invalid_grant");
  }],
  ["a wrong or missing verifier is refused", async () => {
    const auth = oauthClient();
    const { code } = await consentWithProof(auth, await newAccount());
    const { codeVerifier } = await auth.generateCodeVerifierAsync();
    await denied(auth.getToken({ code, codeVerifier }), 400, "invalid_grant", /code verifier/);
    await denied(auth.getToken({ code }), 400, "invalid_grant", /code verifier/);
  }],
  ["a code that was never given is malformed", async () => {
    await denied(oauthClient().getToken("4/0Anonsense"), 400, "invalid_grant", /Malformed auth code/);
  }],
  ["another redirect URI at the exchange is a mismatch", async () => {
    const auth = oauthClient();
    const code = (await consent(auth, await newAccount())).get("code");
    await denied(auth.getToken({ code, redirect_uri: "http://127.0.0.1:9/other" }), 400, "redirect_uri_mismatch");
  }],
  ["an unregistered redirect URI or client never redirects", async () => {
    const email = await newAccount();
    for (const [options, fault] of [[{ redirect_uri: "http://127.0.0.1:9/callback/" }, "redirect_uri_mismatch"], [{ client_id: "nobody" }, "invalid_client"]]) {
      const answer = await visit(`${oauthClient().generateAuthUrl({ scope: calendarScopes, ...options })}&emulator_account=${email}`);
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get("location"), null);
      assert.ok((await answer.text()).includes(fault));
    }
  }],
  ["a wrong secret and an unknown client are invalid_client", async () => {
    const code = (await consent(oauthClient(), await newAccount())).get("code");
    await denied(oauthClient({ clientSecret: "wrong" }).getToken(code), 401, "invalid_client");
    await denied(oauthClient({ clientId: "nobody" }).getToken(code), 401, "invalid_client", /not found/);
    assert.ok((await oauthClient().getToken(code)).tokens.access_token, "the code survives");
  }],
  ["the client may authenticate by HTTP Basic", async () => {
    const auth = oauthClient({ clientAuthentication: ClientAuthentication.ClientSecretBasic });
    assert.ok((await connect(auth, await newAccount())).access_token);
  }],
  ["a refusal comes back as access_denied", async () => {
    const answer = await consent(oauthClient(), await newAccount(), {}, { emulator_decision: "deny" });
    assert.equal(answer.get("error"), "access_denied");
    assert.equal(answer.get("code"), null);
  }],
  ["a subset of the scopes may be granted, and calls without scope are 403", async () => {
    const auth = oauthClient();
    const answer = await consent(auth, await newAccount(), {}, { emulator_scopes: `openid ${scopePrefix}userinfo.email` });
    const { tokens } = await auth.getToken(answer.get("code"));
    assert.ok(!tokens.scope.includes("calendar"));
    auth.setCredentials({ access_token: tokens.access_token });
    const { error } = await refused(apiWith(auth).freebusy.query({ requestBody: {} }), 403, "insufficientPermissions", { domain: "global" });
    assert.equal(error.status, "PERMISSION_DENIED");
    assert.equal(error.details[0].reason, "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert.equal(error.details[0].metadata.method, "calendar.v3.Freebusy.Query");
  }],
  ["only a consent that was shown gives a refresh token", async () => {
    const email = await newAccount();
    const auth = oauthClient();
    assert.ok((await connect(auth, email)).refresh_token);
    assert.equal((await connect(auth, email)).refresh_token, undefined);
    assert.ok((await connect(auth, email, { prompt: "consent" })).refresh_token);
    assert.equal((await connect(auth, email, { prompt: "consent", access_type: "online" })).refresh_token, undefined);
  }],
  ["prompt=none answers login_required or consent_required", async () => {
    const email = await newAccount();
    assert.equal((await consent(oauthClient(), "", { prompt: "none" })).get("error"), "login_required");
    assert.equal((await consent(oauthClient(), "", { prompt: "none", login_hint: email })).get("error"), "consent_required");
  }],
  // Moves the emulator's clock; therefore the last one.
  ["a code expires", async () => {
    const auth = oauthClient();
    const code = (await consent(auth, await newAccount())).get("code");
    await control("POST", "/clock", { advance_seconds: 601 });
    await denied(auth.getToken(code), 400, "invalid_grant");
  }],
];
