/**
 * The explored flow of the election, written again in `instance.ts` and `writing.ts`, held against the shipped one (`load.ts`, `serve.ts` and
 * `executor.ts`), whatever comes in between. A run without hints, that is: what is read ahead is not compared.
 */
import { assert, asyncProperty, nat } from "fast-check";
import { expect, test, vi } from "vitest";
import { FINALIZER, LOCKS } from "../../../functions/election/labels.ts";
import { ELECTION_METRICS } from "../../../functions/election/metrics.ts";
import { passOnce } from "../../../functions/election/pass.ts";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { runPasses } from "../../../functions/kit/outcome.ts";
import { aLock, aSet, LOCK_NAME, NAMESPACE } from "../../unit/support/builders.ts";
import type * as api from "../api.ts";
import { textOf } from "../hearing.ts";
import { disturbancesBy, EVENTS_MOST, type Disturbance } from "../place.ts";
import { TIMEOUT_MS } from "../searching.ts";
import { beside, contextOf, runBoth, type Flow } from "../side-by-side.ts";
import { createServer, LEASE_NAMES, NO_FAULTS, type Group } from "./faults.ts";
import type { Local } from "./local.ts";
import { EPOCH_ONE, protocolOf } from "./protocol.ts";
import { respond, type Server } from "./server.ts";
import { electionSystem } from "./system.ts";

vi.mock("../api.ts", async (original) => {
  const { hearing } = await import("../hearing.ts");
  return hearing(await original<typeof api>());
});

const LOCK_IS_READ = "reads the lock";

const lockOf = ({ lock }: Server): KubeObject => {
  const object = aLock({ spec: { leaseName: LEASE_NAMES[lock.lease] } });
  return { ...object, metadata: { ...object.metadata, generation: lock.generation, finalizers: [FINALIZER] } };
};

/** What the explored server does not have: the lock, whose edits it knows of, and the StatefulSet. Status and Events go nowhere. */
const bodyBeside = ({ resource, verb }: KubeRequest, server: Server): unknown => {
  if (resource === STATEFUL_SETS) return aSet();
  return resource === LOCKS && verb === "list" ? { metadata: {}, items: [lockOf(server)] } : lockOf(server);
};

const isExplored = ({ resource }: KubeRequest): boolean => resource === LEASES || resource === PODS;

const isLockRead = ({ resource, verb }: KubeRequest): boolean =>
  resource === LOCKS && (verb === "list" || verb === "get");

const FAULTS = { ...NO_FAULTS, ready: 5, create: 1, delete: 1, replace: 1, move: 2, lease: 2, rename: 1 };
const GROUP: Group = { pods: 3, faults: FAULTS, clockMoves: false };

const FLOW: Flow<Server, Local> = {
  system: electionSystem(protocolOf(undefined, true), GROUP),
  run: ({ send, sleep }) => {
    const context = contextOf([...HANDOVER_METRICS, ...ELECTION_METRICS], () => EPOCH_ONE, sleep);
    const memory = { hint: undefined, learn: () => undefined };
    return runPasses(() => passOnce({ context, send }, { namespace: NAMESPACE, name: LOCK_NAME }, memory));
  },
  nameOf: (request) => {
    if (isExplored(request)) return textOf(request);
    return isLockRead(request) ? LOCK_IS_READ : undefined;
  },
  answer: (server, request) =>
    isExplored(request) ? respond(server, request) : beside(server, bodyBeside(request, server)),
  silent: (text) => (text.startsWith("reads the lock") ? LOCK_IS_READ : undefined),
};

const atOnce = (by: Disturbance["by"], choice: number): Disturbance => ({ before: 0, by, choice });

/** db-0 leads and fails; another instance dies after it has recorded db-1; then nobody can lead, and the old leader is to be fenced. */
const LEFT_IN_THE_MIDDLE: Disturbance[] = [
  atOnce("one", EVENTS_MOST),
  atOnce("fault", 0),
  atOnce("other", 5),
  atOnce("fault", 4),
  atOnce("fault", 8),
];

test(
  "what the shipped flow sends next, the explored one may send next, whatever comes in between",
  async () => {
    let conflicts = 0;
    const others = disturbancesBy(["one", "other", "fault"]);
    await assert(
      asyncProperty(nat(3), others, async (there, disturbances) => {
        const start = createServer(GROUP, (slot) => slot < there);
        const log = await runBoth(FLOW, start, disturbances);
        conflicts += log.filter((text) => text.startsWith("get pods")).length;
      }),
      { numRuns: 1000, seed: 1, examples: [[3, LEFT_IN_THE_MIDDLE]] },
    );
    // Otherwise nothing was disturbed.
    expect(conflicts).toBeGreaterThan(20);
  },
  TIMEOUT_MS,
);
