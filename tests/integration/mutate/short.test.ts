/** `npm run mutate` on its smallest file: its survivors are explained, and an explanation without a survivor fails it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { Accepted } from "../../mutate/verdict.ts";

const FILE = "functions/kit/handover/epoch.ts";
const folder = join(import.meta.dirname, "../../mutate");
const timeout = 300_000;

/** Rejects when it leaves with another code than 0. */
const mutate = (...options: readonly string[]): Promise<{ readonly stdout: string }> =>
  promisify(execFile)(process.execPath, [...options, join(folder, "cli.ts"), "--file", FILE]);

const SUMMARY = /^[1-9]\d+ killed, (\d+) survived, 0 timed out; \1 of the survivors explained$/m;

const PLANTED: Accepted = { file: FILE, within: "not a line of it", changes: ["a -> b"], reason: "planted" };

/** Loaded before the command, which then finds one explanation more. */
const planting = (): string => {
  const list = JSON.stringify(pathToFileURL(join(folder, "accepted.ts")).href);
  const code = `import { ACCEPTED } from ${list}; ACCEPTED.push(${JSON.stringify(PLANTED)});`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
};

it("every mutant is killed or explained", { timeout }, async () => {
  expect((await mutate()).stdout).toMatch(SUMMARY);
});

it("an explanation whose mutant is not among the survivors fails it, and is told", { timeout }, async () => {
  const stdout: unknown = expect.stringContaining(`accepted, but gone: ${FILE}\n  in not a line of it\n  a -> b\n`);
  await expect(mutate("--import", planting())).rejects.toMatchObject({ code: 1, stdout });
});
