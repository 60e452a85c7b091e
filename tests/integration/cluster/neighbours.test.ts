/**
 * Fifty other pods that change all the time are not the function's business: the source tells each of their changes, the function
 * asks the API server nothing because of them, and a lost writer has a successor within the same bound as without them.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import { openNode, type ClusterNode } from "../../../infra/lab/node/cluster-node.ts";
import { runningSite } from "../../../infra/lab/node/up.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { EVENT_BOUND_MS } from "../support/stage.ts";
import { createCleanUp, type CleanUp } from "./support/clean-up.ts";
import { deletePod } from "./support/faults.ts";
import { isLong } from "./support/form.ts";
import { settled, strikeGroup } from "./support/groups.ts";
import { flipsOf, NEIGHBOURS, startNeighbours, statesByPod, type Neighbours } from "./support/neighbours.ts";
import { countBetweenTicks } from "./support/neighbours-calls.ts";
import { createNamespaces, namespacesEnded, removeNamespace } from "./support/namespaces.ts";
import { deliveries, startRequestLog } from "./support/request-log.ts";
import { openStage, type Stage } from "./support/stage.ts";

const NAMESPACE = "neighbours";
const OTHERS = "neighbours-others";
/** Of two fail-overs each: the group has three pods. */
const ROUNDS = isLong ? 3 : 1;
/** Of each of them, on average, two. */
const eventsWanted = 2 * NEIGHBOURS;

const openDeadlineMs = 300_000;
const closeDeadlineMs = 240_000;

/** Milliseconds from each deletion of a writer to the next one's label. */
const failOvers = async (stage: Stage, rounds: number): Promise<readonly number[]> => {
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one group, one fault at a time
    let state = await settled(stage);
    for (const _ of ["first", "second"]) {
      // oxlint-disable-next-line no-await-in-loop
      const { recovered, newWriters } = await strikeGroup(stage, state, deletePod);
      // oxlint-disable-next-line no-await-in-loop
      const { after, labelledAfterMs } = await recovered(EVENT_BOUND_MS);
      expect(newWriters()).toBe(1);
      took.push(labelledAfterMs);
      state = after;
    }
  }
  return took;
};

const openNamespaces = async (defer: CleanUp["defer"]): Promise<void> => {
  const site = runningSite();
  if (site === undefined) throw new Error("no node runs");
  const node = openNode(site);
  defer(node.close);
  await namespacesEnded(node);
  for (const name of [NAMESPACE, OTHERS]) defer(() => removeNamespace(node, name));
  await createNamespaces(node, [NAMESPACE, OTHERS]);
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** `<pod>: <states that the function was told of> of <states that there were>` of each pod where they differ. */
const untold = async (node: ClusterNode, revisions: readonly Revision[]): Promise<readonly string[]> => {
  const taken = (await deliveries(node)).filter(({ namespace, status }) => namespace === OTHERS && status < 300);
  const ids = Map.groupBy(taken, ({ name }) => name);
  return [...statesByPod(revisions)]
    .map(([pod, { length: states }]) => ({ pod, states, told: new Set(ids.get(pod)?.map(({ id }) => id)).size }))
    .filter(({ states, told }) => states !== told)
    .map(({ pod, states, told }) => `${pod}: ${told} of ${states}`);
};

describe.skipIf(inject("missing").length > 0)("a group of three pods, and fifty other pods", () => {
  const { defer, run: cleanUp } = createCleanUp();
  let stage: Stage;

  beforeAll(async () => {
    defer(await startRequestLog());
    await openNamespaces(defer);
    stage = await openStage("knative-warm", NAMESPACE);
    defer(stage.close);
  }, openDeadlineMs);

  afterAll(cleanUp, closeDeadlineMs);

  test("before there are others a lost writer has a successor within the bound", async () => {
    const took = await failOvers(stage, ROUNDS);
    say(`without neighbours: new writers after ${took.join(", ")} ms, at most ${EVENT_BOUND_MS}`);
    expect(Math.max(...took)).toBeLessThan(EVENT_BOUND_MS);
  });

  describe("that change all the time", () => {
    let neighbours: Neighbours;

    beforeAll(async () => {
      neighbours = await startNeighbours(stage.node, OTHERS);
    }, openDeadlineMs);

    afterAll(() => neighbours?.close(), closeDeadlineMs);

    test("a lost writer has a successor within the same bound", async () => {
      const [begun, before] = [performance.now(), neighbours.revisions.length];
      const took = await failOvers(stage, ROUNDS);
      const perSecond = ((neighbours.revisions.length - before) * 1000) / (performance.now() - begun);
      say(`${NEIGHBOURS} neighbours, ${perSecond.toFixed(0)} changes a second: ${took.join(", ")} ms`);
      expect(Math.max(...took)).toBeLessThan(EVENT_BOUND_MS);
    });

    test("the function asks the API server nothing because they change", async () => {
      await settled(stage);
      // A new pod would be another matter: of a StatefulSet that an instance does not know it asks once for each feature whose it is.
      await neighbours.spare();
      const { from, to } = await countBetweenTicks(stage.node, eventsWanted);
      say(`between two ticks: ${to.events - from.events} events, ${to.calls - from.calls} requests to the API server`);
      expect(to.events - from.events).toBeGreaterThanOrEqual(NEIGHBOURS);
      expect(to).toMatchObject({ uid: from.uid, ticks: from.ticks, runs: from.runs, calls: from.calls });
    });

    test("the source tells each of their changes, to the last", async () => {
      await neighbours.rest();
      const { revisions, gaps } = neighbours;
      await expect.poll(() => untold(stage.node, revisions)).toEqual([]);
      expect(gaps).toEqual([]);
      const byPod = [...statesByPod(revisions).values()];
      const flips = byPod.map((states) => flipsOf(states));
      const deletions = revisions.filter(({ type }) => type === "DELETED").length;
      say(
        `all told: ${byPod.flat().length} changes, ${sum(flips)} of them of readiness, ${deletions} of them deletions`,
      );
      expect(byPod).toHaveLength(NEIGHBOURS);
      expect(Math.min(...flips)).toBeGreaterThan(0);
      expect(deletions).toBeGreaterThan(1);
    });
  });

  test("nobody ever saw two writers", () => {
    const { revisions, gaps } = stage.observer;
    const verdict = judge(revisions, { ...ELECTION, gaps });
    expect([...verdict.violations, ...verdict.foreign, ...verdict.gaps], renderVerdict(verdict)).toEqual([]);
  });
});
