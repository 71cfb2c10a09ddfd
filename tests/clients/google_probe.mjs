// SPDX-License-Identifier: Apache-2.0
// Drives the provider emulator with @googleapis/calendar and google-auth-library; started by ./run.
import { control, runSteps } from "./google/harness.mjs";
import { steps as calendarSteps } from "./google/calendar_steps.mjs";
import { steps as consentSteps } from "./google/consent_steps.mjs";
import { steps as faultSteps } from "./google/fault_steps.mjs";
import { steps as listSteps } from "./google/list_steps.mjs";
import { steps as pushSteps } from "./google/push_steps.mjs";
import { steps as seriesSteps } from "./google/series_steps.mjs";
import { steps as tokenSteps } from "./google/token_steps.mjs";
import { steps as writeSteps } from "./google/write_steps.mjs";

const groups = { consent: consentSteps, token: tokenSteps, calendar: calendarSteps, list: listSteps, write: writeSteps, series: seriesSteps, push: pushSteps, fault: faultSteps };
let passed = 0;
let failed = 0;
for (const [group, steps] of Object.entries(groups)) {
  // When even this fails, the steps tell.
  await control("POST", "/reset").catch((error) => console.log(`     ${group}: no reset: ${error.message}`));
  const counts = await runSteps(group, steps);
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`google-client: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
