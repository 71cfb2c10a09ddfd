// SPDX-License-Identifier: Apache-2.0
// Drives the provider emulator with @microsoft/microsoft-graph-client; started by ./run.
import { runSteps } from "./google/harness.mjs";
import { control, startFront } from "./microsoft/harness.mjs";
import { steps as consentSteps } from "./microsoft/consent_steps.mjs";
import { steps as deltaSteps } from "./microsoft/delta_steps.mjs";
import { steps as readSteps } from "./microsoft/read_steps.mjs";
import { steps as subscriptionSteps } from "./microsoft/subscription_steps.mjs";
import { steps as writeSteps } from "./microsoft/write_steps.mjs";

const front = await startFront();
const groups = { consent: consentSteps, read: readSteps, delta: deltaSteps, write: writeSteps, subscription: subscriptionSteps };
const only = process.argv[2];
let passed = 0;
let failed = 0;
for (const [group, steps] of Object.entries(groups)) {
  if (only && only !== group) continue;
  // When even this fails, the steps tell.
  await control("POST", "/reset").catch((error) => console.log(`     ${group}: no reset: ${error.message}`));
  const counts = await runSteps(group, steps);
  passed += counts.passed;
  failed += counts.failed;
}
front.close();
console.log(`microsoft-client: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
