/**
 * Scale to zero without Knative Serving: KEDA wakes the real Deployment, by its HTTP add-on and by our own scaler, when a writer is lost, and
 * what happens while it starts is not lost. How long an instance stays without work is shortened here; how it wakes is as shipped.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { openNode, type ClusterNode } from "../../../infra/lab/node/cluster-node.ts";
import { addKeda, removeKeda } from "../../../infra/lab/node/pods/keda.ts";
import { runningSite } from "../../../infra/lab/node/up.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { createCleanUp } from "./support/clean-up.ts";
import { deletePod } from "./support/faults.ts";
import { isLong } from "./support/form.ts";
import { tokenOf } from "./support/group.ts";
import { addGroup, settled, strikeGroup, touch, type Watched } from "./support/groups.ts";
import {
  asleep,
  installForm,
  instancesReady,
  removeForm,
  watchWanted,
  whileNothingStarts,
  type KedaForm,
  type Wanted,
} from "./support/keda.ts";

/** The README's 2 s from a change that an event tells, and a cold start, of which a busy machine makes several seconds. */
const boundMs = 10_000;
const changeDeadlineMs = 180_000;
const closeDeadlineMs = 360_000;

interface Case {
  readonly form: KedaForm;
  readonly what: string;
  /** Our scaler says for half a minute that there may be more to do, which a build does not wait for. */
  readonly goesSoon: boolean;
}

const CASES: readonly Case[] = [
  { form: "keda-http", what: "KEDA's HTTP add-on", goesSoon: true },
  { form: "keda-push", what: "our scaler", goesSoon: false },
];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

describe.skipIf(inject("missing").length > 0)("on a real cluster without Knative Serving", () => {
  const { defer, run: cleanUp } = createCleanUp();
  let node: ClusterNode;
  let wanted: Wanted;
  let installed: KedaForm | undefined;
  let groups: readonly [Watched, Watched];

  /** The groups stay what they are. */
  const change = async (form: KedaForm): Promise<void> => {
    if (installed === form) return;
    if (installed !== undefined) await removeForm(node, installed);
    installed = form;
    await installForm(node, form);
  };

  beforeAll(async () => {
    const site = runningSite();
    if (site === undefined) throw new Error("no node runs");
    node = openNode(site);
    defer(node.close);
    defer(() => removeKeda(node));
    await addKeda(node);
    const ending = new AbortController();
    defer(() => ending.abort());
    wanted = await watchWanted(node, ending.signal);
    defer(async () => {
      if (installed !== undefined) await removeForm(node, installed);
    });
    await change("keda-http");
    const one = await addGroup({ node }, "keda-one");
    defer(one.close);
    const other = await addGroup({ node }, "keda-other");
    defer(other.close);
    groups = [one, other];
  });

  afterAll(cleanUp, closeDeadlineMs);

  describe.each(CASES)("$what", ({ form, what, goesSoon }) => {
    beforeAll(() => change(form), changeDeadlineMs);

    test("wakes the function from zero when a writer is lost, and what happens while it starts is not lost", async () => {
      await asleep(node, wanted);
      const [one, other] = groups;
      const [before, beforeOther] = [await settled(one), await settled(other)];
      const { struck, struckOther, wantedAfterMs } = await whileNothingStarts(node, async () => {
        const woken = wanted.next(1);
        const faultAtMs = Date.now();
        const first = await strikeGroup(one, before, deletePod);
        const wantedAtMs = await woken;
        const second = await strikeGroup(other, beforeOther, deletePod);
        expect(await instancesReady(node)).toBe(0);
        return { struck: first, struckOther: second, wantedAfterMs: wantedAtMs - faultAtMs };
      });

      const recovery = await struck.recovered(boundMs);
      const recoveryOther = await struckOther.recovered(boundMs);
      say(
        `${what}: an instance is wanted ${wantedAfterMs} ms after the fault; new writer after ${recovery.labelledAfterMs} ms`,
      );
      say(`${what}: while it starts: new writer after ${recoveryOther.labelledAfterMs} ms`);
      expect(tokenOf(recovery.after)).toBeGreaterThan(tokenOf(before));
      expect(tokenOf(recoveryOther.after)).toBeGreaterThan(tokenOf(beforeOther));
      await Promise.all(groups.map(settled));
      expect([struck, struckOther].map(({ newWriters }) => newWriters())).toEqual([1, 1]);
    });

    test.skipIf(!isLong && !goesSoon)(
      "lets it go back to zero, and what happens while it ends is not lost",
      async () => {
        const [one] = groups;
        const before = await settled(one);
        if (wanted.replicas() === 0) await Promise.all([wanted.next(1), touch(one)]);
        await wanted.next(0);
        const struck = await strikeGroup(one, before, deletePod);
        const { after, labelledAfterMs } = await struck.recovered(boundMs);
        say(`${what}: while it ends: new writer after ${labelledAfterMs} ms`);
        expect(tokenOf(after)).toBeGreaterThan(tokenOf(before));
        await settled(one);
        expect(struck.newWriters()).toBe(1);
        await asleep(node, wanted);
      },
    );
  });

  test("nobody ever saw two writers", () => {
    for (const { observer } of groups) {
      const verdict = judge(observer.revisions, { ...ELECTION, gaps: observer.gaps });
      expect(verdict.promotions).toBeGreaterThan(CASES.length);
      expect([...verdict.violations, ...verdict.foreign, ...verdict.gaps], renderVerdict(verdict)).toEqual([]);
    }
  });
});
