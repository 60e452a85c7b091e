/**
 * Goal: whoever dies after any write of the cut-over, of a fail-over or of the way back (or whose answer is lost), the next instance ends where
 * a run without a crash ends; nobody could be reached at two pods on the way, and a cut-over and its way back never left nobody to reach.
 */
import { describe, expect, test } from "vitest";
import { ENDPOINT_SLICES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { createRouteMode } from "../../../functions/standby/route/route.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import {
  createRouted,
  createScene,
  DUAL,
  setReady,
  uidOf,
  writesOf,
  type RouteWorld,
} from "../../unit/standby/route-world.ts";

const WRITES_MAX = 14;

interface Story {
  readonly begin: (spec: Readonly<Record<string, unknown>>) => Promise<RouteWorld>;
  readonly cause: (world: RouteWorld) => void;
  /** Nobody can be reached for a moment: two slices cannot be moved at once, or the pod had died. */
  readonly mayGap: boolean;
  /** Where the Service leads in the end. */
  readonly ends: readonly string[];
}

const switchOff = (world: RouteWorld): void => {
  world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": "off" } } });
};

const STORIES: Readonly<Record<string, Story>> = {
  "cut-over": {
    begin: (spec) => Promise.resolve(createScene(spec)),
    cause: () => undefined,
    mayGap: false,
    ends: ["db-1"],
  },
  "fail-over": {
    begin: createRouted,
    cause: (world) => setReady(world, "db-1", false),
    mayGap: true,
    ends: ["db-2"],
  },
  "fail-over of a pod that is gone": {
    begin: createRouted,
    cause: (world) => world.remove(PODS, "db-1"),
    mayGap: true,
    ends: ["db-2"],
  },
  "way back": { begin: createRouted, cause: switchOff, mayGap: false, ends: ["db-1", "db-2", "db-3"] },
  "record that somebody deletes": {
    begin: createRouted,
    cause: (world) => world.remove(ENDPOINT_SLICES, "db-bellwether-ipv4"),
    mayGap: true,
    ends: ["db-1"],
  },
};

/** The instance's write `last` is its last: it reaches the server, or its answer is lost, too. */
const dieAfter = async (world: RouteWorld, last: number, isAnswerLost: boolean): Promise<void> => {
  let writes = 0;
  const died = Promise.withResolvers<"died">();
  const { context, clock } = world;
  const run = createRouteMode().run(
    {
      context,
      send: (request) => {
        if (request.method === "GET") return world.send(request);
        writes += 1;
        if (writes > last) {
          died.resolve("died");
          return new Promise(() => undefined);
        }
        const answer = world.send(request);
        return isAnswerLost && writes === last ? answer.then(() => ({ status: 0, body: {} })) : answer;
      },
    },
    { namespace: NAMESPACE, name: "db" },
  );
  await clock.settle(Promise.race([run, died.promise]));
};

describe.each(Object.entries(STORIES))("%s", (_title, { begin, cause, mayGap, ends }) => {
  describe.each([
    ["one family", {}],
    ["two families", DUAL],
  ])("of %s", (_families, spec) => {
    test.each([
      ["dies", false],
      ["gets no answer", true],
    ])("ends as without a crash, whichever write the first instance %s after", async (_how, isAnswerLost) => {
      const undisturbed = await begin(spec);
      cause(undisturbed);
      await undisturbed.settle();
      expect(writesOf(undisturbed).length).toBeLessThan(WRITES_MAX);
      for (let last = 0; last < WRITES_MAX; last += 1) {
        // oxlint-disable-next-line no-await-in-loop
        const world = await begin(spec);
        cause(world);
        // oxlint-disable-next-line no-await-in-loop
        await dieAfter(world, last, isAnswerLost);
        // oxlint-disable-next-line no-await-in-loop
        await world.settle();
        const at = `after ${last} writes`;
        expect(world.reach(), at).toEqual(undisturbed.reach());
        expect(world.violations, at).toEqual([]);
        expect(mayGap ? [] : world.gaps, at).toEqual([]);
        expect(world.reach().IPv4, at).toEqual(ends.map((pod) => uidOf(world, pod)));
      }
    });
  });
});
