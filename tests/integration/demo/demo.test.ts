/** `npm run demo` plays each of the three ways to lead to its end without a broken invariant, and says which ones it accepts. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const cli = path.join(import.meta.dirname, "../../../infra/demo/cli.ts");

/** @throws when the exit code is not 0. */
const demo = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [cli, ...args])).stdout;

const isSound = (timeline: string): boolean =>
  timeline.includes("killed in the hand-over") && / 1 group, \d+ promotions: 0 violations, /.test(timeline);

it("election, which is the default: the history has no violation", async () => {
  const timeline = await demo();
  expect(timeline).toContain("is the writer");
  expect(isSound(timeline), timeline).toBe(true);
});

it("roles: leadership moves while all pods stay Ready, a lie or silence moves nothing, and the history has no violation", async () => {
  const timeline = await demo("--feature", "roles");
  expect(timeline).toMatch(/elect db-2, which claims it; all pods stay Ready\n.*-> db-2 is the leader/);
  expect(timeline).toMatch(/denies it when it is asked\n.*-> db-1 is the leader/);
  expect(timeline).toMatch(/does not answer any more.*\n.*-> db-1 is the leader.*condition Unreachable/);
  expect(isSound(timeline), timeline).toBe(true);
});

it("standby: the selector is cut over, put back when somebody edits it, and restored; the history has no violation", async () => {
  const timeline = await demo("--feature", "standby");
  const extended = "the selector is app=db,qoqo.dev/pod-designation=active";
  expect(timeline).toMatch(new RegExp(`service-mode: active-standby\n.*${extended}`));
  expect(timeline).toMatch(new RegExp(`out of the selector\n.*${extended}`));
  expect(timeline).toMatch(/the annotation is removed\n.*no Lease is left; the selector is app=db,/);
  expect(isSound(timeline), timeline).toBe(true);
});

it("--help names the features, and another one is refused with what it got and what it accepts", async () => {
  expect(await demo("--help")).toContain("--feature election|roles|standby");
  await expect(demo("--feature", "raft")).rejects.toMatchObject({
    code: 2,
    stderr: '--feature: got "raft", accepted are election, roles, standby\n',
  });
});
