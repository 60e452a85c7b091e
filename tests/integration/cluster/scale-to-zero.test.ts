/** What the product's name promises: on Knative, with real pods, nothing of ours runs at rest, and a fault wakes what repairs it. */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { writersOf } from "../../../infra/lab/group.ts";
import { createCleanUp } from "./support/clean-up.ts";
import { deletePod, failProbe, killContainer, mendProbe, type Fault } from "./support/faults.ts";
import { isLong } from "./support/form.ts";
import { functionGone, functionScaledToZero } from "./support/function.ts";
import { podsReady, tokenOf } from "./support/group.ts";
import { startRequestLog } from "./support/request-log.ts";
import { SEGMENTS, startTimer, type Timer } from "./support/split.ts";
import { openStage, restAtZero, strike, type Stage } from "./support/stage.ts";

interface Case {
  readonly what: string;
  readonly fault: Fault;
  readonly mend?: Fault;
}

const CASES: readonly Case[] = [
  { what: "pod is deleted", fault: deletePod },
  { what: "container is killed", fault: killContainer },
  { what: "readiness probe fails", fault: failProbe, mend: mendProbe },
];

const openDeadlineMs = 300_000;
const closeDeadlineMs = 240_000;
/** A tick may have come, whose instance has to go again. */
const zero = { timeout: 60_000 };

describe.skipIf(inject("missing").length > 0)("the cold tier on a real cluster", () => {
  const { defer, run: cleanUp } = createCleanUp();
  let stage: Stage;
  let timer: Timer;

  beforeAll(async () => {
    defer(await startRequestLog());
    stage = await openStage("knative-cold", "scale-to-zero");
    defer(stage.close);
    const ending = new AbortController();
    defer(() => ending.abort());
    timer = await startTimer(stage.node, ending.signal);
  }, openDeadlineMs);

  afterAll(cleanUp, closeDeadlineMs);

  test.skipIf(!isLong)("runs no process of ours but the sources' adapters while nothing happens", async () => {
    await expect(functionGone(stage.node)).resolves.toBe(true);
  });

  test("is at zero while nothing happens", async () => {
    await functionScaledToZero(stage.node);
    await expect.poll(() => stage.scaling.at(-1)?.replicas, zero).toBe(0);
  });

  test.for(CASES)(
    "wakes when the writer's $what, makes one other pod the writer, and goes back to zero",
    async ({ what, fault, mend }) => {
      const { node, lock } = stage;
      const before = await restAtZero(stage);
      const struck = await strike(stage, before, fault);
      const { after, victim, woken, labelledAfterMs } = struck;
      const split = await timer.split(struck, "at zero");
      const parts = split && SEGMENTS.map((name) => `${name} ${split[name].toFixed(0)}`).join(", ");
      process.stdout.write(
        `the writer's ${what}: a new writer labelled after ${labelledAfterMs} ms: ${parts ?? "a tick came in between, or something else was first"}\n`,
      );
      expect(writersOf(after)).toHaveLength(1);
      expect(tokenOf(after)).toBeGreaterThan(tokenOf(before));
      await expect.poll(woken).toBe(1);

      await mend?.(node, victim);
      await podsReady(node, lock.namespace);
      await functionScaledToZero(node);
    },
  );

  test("never had two writers in everything that was observed", () => {
    const { revisions, gaps } = stage.observer;
    const verdict = judge(revisions, { ...ELECTION, gaps });
    expect(verdict.promotions).toBeGreaterThan(CASES.length);
    expect([...verdict.violations, ...verdict.foreign, ...verdict.gaps], renderVerdict(verdict)).toEqual([]);
  });
});
