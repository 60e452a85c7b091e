/**
 * What befalls a writer while the way from the API server to the function is disturbed is not lost: the group has exactly one new writer
 * within what the README states, and its neighbour does not notice. The way loses events; the next tick does not.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { createCleanUp } from "./support/clean-up.ts";
import {
  activatorRestarts,
  endingForced,
  instanceDeleted,
  instanceForced,
  nothing,
  revisionRollsOut,
  sourceRestarts,
  type Disturbance,
} from "./support/disturbances.ts";
import { deletePod, failProbe, mendProbe, type Fault } from "./support/faults.ts";
import { isLong } from "./support/form.ts";
import { functionRuns, functionScaledToZero, killEnding } from "./support/function.ts";
import { tokenOf } from "./support/group.ts";
import {
  addGroup,
  leadership,
  podNotReady,
  settled,
  strikeGroup,
  touch,
  type Stricken,
  type Watched,
} from "./support/groups.ts";
import { openStage, restAtZero, type Stage } from "./support/stage.ts";

/** The README's 2 s from a change that an event tells, and a cold start, of which a busy machine makes several seconds. */
const toldMs = 10_000;
/** The tick of the cold tier, its jitter, and what it wakes. */
const untoldMs = 60_000 + 500 + toldMs;
/** How long a pod of the function may take to end, and answer what still reaches it. */
const endingMs = 60_000;

const wakeEveryMs = 2_000;
const wakeDeadlineMs = 120_000;
const openDeadlineMs = 300_000;
const closeDeadlineMs = 360_000;

interface Case {
  /** After "while". */
  readonly what: string;
  readonly begin: (stage: Stage) => Promise<unknown>;
  readonly disturbance: Disturbance;
  /** Default: the pod is deleted. */
  readonly fault?: Fault;
  readonly mend?: Fault;
  readonly boundMs: number;
}

const awake = (stage: Stage): Promise<unknown> =>
  poll(
    async () => {
      if (await functionRuns(stage.node)) return true;
      // What still ends would take the event that is to wake another.
      await killEnding(stage.node);
      await touch(stage);
      return undefined;
    },
    { what: "an instance of the function", everyMs: wakeEveryMs, deadlineMs: wakeDeadlineMs },
  );

const ending = async (stage: Stage): Promise<unknown> => {
  await awake(stage);
  return functionScaledToZero(stage.node);
};

/** The ingress keeps its connections, and those made at zero lead to the activator. Afterwards they lead to the instance, which ends. */
const endingWhileReached = async (stage: Stage): Promise<unknown> => {
  await awake(stage);
  await activatorRestarts(stage.node, async () => undefined);
  await touch(stage);
  return ending(stage);
};

/** The one change that it makes is on the API server when this resolves. */
const probeFailed: Fault = async (node, victim) => {
  await failProbe(node, victim);
  await podNotReady(node, victim);
};

const LONG: readonly Case[] = [
  { what: "the activator restarts", begin: restAtZero, disturbance: activatorRestarts, boundMs: untoldMs },
  {
    what: "the source restarts",
    begin: restAtZero,
    disturbance: sourceRestarts,
    fault: probeFailed,
    mend: mendProbe,
    boundMs: untoldMs,
  },
  { what: "the instance is deleted by force", begin: awake, disturbance: instanceForced, boundMs: untoldMs },
  {
    what: "an ending instance is deleted by force",
    begin: endingWhileReached,
    disturbance: endingForced,
    boundMs: endingMs + untoldMs,
  },
  { what: "the last instance ends", begin: ending, disturbance: nothing, boundMs: toldMs },
  { what: "the instance is deleted", begin: awake, disturbance: instanceDeleted, boundMs: toldMs },
];

const SHORT: readonly Case[] = [
  { what: "a new revision rolls out", begin: awake, disturbance: revisionRollsOut, boundMs: toldMs },
];

describe.skipIf(inject("missing").length > 0)("while the way to the cold tier is disturbed", () => {
  const { defer, run: cleanUp } = createCleanUp();
  let stage: Stage;
  let neighbour: Watched;

  beforeAll(async () => {
    stage = await openStage("knative-cold", "nothing-lost");
    defer(stage.close);
    neighbour = await addGroup(stage, "nothing-lost-neighbour");
    defer(neighbour.close);
  }, openDeadlineMs);

  afterAll(cleanUp, closeDeadlineMs);

  test("what befalls two groups, the second while the function starts, is not lost", async () => {
    const { scaling } = stage;
    await settled(stage);
    const [second, first] = [await settled(neighbour), await restAtZero(stage)];
    const scaledBefore = scaling.length;
    const one = await strikeGroup(stage, first, deletePod);
    await expect.poll(() => scaling.slice(scaledBefore).map(({ replicas }) => replicas)).toContain(1);
    const other = await strikeGroup(neighbour, second, deletePod);
    const recoveries = await Promise.all([one.recovered(toldMs), other.recovered(toldMs)]);
    const took = recoveries.map(({ labelledAfterMs }) => `${labelledAfterMs} ms`).join(" and ");
    process.stdout.write(`the function starts: new writers after ${took}, at most ${toldMs}\n`);
    await Promise.all([settled(stage), settled(neighbour)]);
    expect([one, other].map(({ newWriters }) => newWriters())).toEqual([1, 1]);
  });

  test.for([...(isLong ? LONG : []), ...SHORT])(
    "what befalls a group while $what is not lost, and is no other group's business",
    async ({ what, begin, disturbance, fault = deletePod, mend, boundMs }) => {
      // What a case begins with does not last: everything else is at rest by then.
      await settled(stage);
      await begin(stage);
      const before = await settled(stage);
      const undisturbed = await leadership(neighbour);

      const struck = Promise.withResolvers<Stricken>();
      const disturbed = disturbance(stage.node, async () => struck.resolve(await strikeGroup(stage, before, fault)));
      const { victim, recovered, newWriters } = await Promise.race([
        struck.promise,
        disturbed.then(() => struck.promise),
      ]);
      const { after, labelledAfterMs } = await recovered(boundMs);
      await disturbed;
      await mend?.(stage.node, victim);

      process.stdout.write(`${what}: a new writer after ${labelledAfterMs} ms, at most ${boundMs}\n`);
      expect(tokenOf(after)).toBeGreaterThan(tokenOf(before));
      await settled(stage);
      expect(newWriters()).toBe(1);
      expect(await leadership(neighbour)).toBe(undisturbed);
    },
  );

  test("nobody ever saw two writers", () => {
    for (const { observer } of [stage, neighbour]) {
      const verdict = judge(observer.revisions, { ...ELECTION, gaps: observer.gaps });
      expect(verdict.promotions).toBeGreaterThan(1);
      expect([...verdict.violations, ...verdict.foreign, ...verdict.gaps], renderVerdict(verdict)).toEqual([]);
    }
  });
});
