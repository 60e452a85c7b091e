/**
 * What the exploration writes again is the flow around the shared rules: the order of reads and writes in `load.ts`, `serve.ts` and
 * `executor.ts`. Here a run of the shipped election and an explored instance meet the same server with the same disturbances, and each
 * request of the one has to be among those that the other may send next. A run without hints, that is: what is read ahead is not compared.
 */
import { array, assert, asyncProperty, constant, constantFrom, nat, oneof, record } from "fast-check";
import { expect, test, vi } from "vitest";
import { FINALIZER, LOCKS } from "../../../functions/election/labels.ts";
import { ELECTION_METRICS } from "../../../functions/election/metrics.ts";
import { passOnce } from "../../../functions/election/pass.ts";
import type { FeatureContext } from "../../../functions/kit/context.ts";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  LEASES,
  PODS,
  STATEFUL_SETS,
  type KubeRequest,
  type KubeResponse,
} from "../../../functions/kit/kube/request.ts";
import { runPasses } from "../../../functions/kit/outcome.ts";
import { aLock, aSet, LOCK_NAME, NAMESPACE } from "../../unit/support/builders.ts";
import { CURRENT, OLD, outdated } from "../outdated.ts";
import { createServer, faultsOf, LEASE_NAMES, NO_FAULTS } from "./faults.ts";
import { eventsOf } from "./instance.ts";
import { IDLE, type Local } from "./local.ts";
import { EPOCH_ONE, protocolOf } from "./protocol.ts";
import { respond, type Server } from "./server.ts";
import type * as Served from "./server.ts";

/** Requests since it was emptied, those of events that were only looked at included. */
const asked = vi.hoisted((): KubeRequest[] => []);
vi.mock("./server.ts", async (original) => {
  const real = await original<typeof Served>();
  const heard: typeof respond = (server, request) => {
    asked.push(request);
    return real.respond(server, request);
  };
  return { ...real, respond: heard };
});

const PROTOCOL = protocolOf(undefined, true);
const LOCK_IS_READ = "reads the lock";

interface Changed {
  readonly server: Server;
  /** uids of the objects that changed. */
  readonly touched: readonly string[];
}

/** What happens right before a request is answered: one of the possible faults, or so many events of another instance. */
interface Disturbance {
  readonly before: number;
  readonly kind: "fault" | "another";
  readonly choice: number;
}

const anotherActs = (server: Server, events: number): Changed => {
  const touched: string[] = [];
  let [now, local]: [Server, Local] = [server, IDLE];
  for (let count = 0; count < events; count += 1) {
    const [event] = eventsOf(PROTOCOL, now, local);
    if (event === undefined) break;
    ({ server: now, local } = event);
    if (event.touched !== undefined) touched.push(event.touched);
  }
  return { server: now, touched };
};

const disturbed = (server: Server, { kind, choice }: Disturbance): Changed => {
  if (kind === "another") return anotherActs(server, choice);
  const faults = faultsOf(server);
  const fault = faults[choice % Math.max(1, faults.length)];
  if (fault === undefined) return { server, touched: [] };
  return { server: fault.server, touched: fault.touched === undefined ? [] : [fault.touched] };
};

const textOf = ({ verb, resource, name, path, body }: KubeRequest): string => {
  const selector = new URLSearchParams(path.split("?")[1]).get("labelSelector") ?? "";
  return `${verb} ${resource.plural} ${name ?? selector} ${JSON.stringify(body) ?? ""}`;
};

/** The server, what was sent to it, and the disturbances on their way. */
const createPlace = (start: Server, disturbances: readonly Disturbance[]) => {
  const log: string[] = [];
  let server = start;
  return {
    log,
    get: (): Server => server,
    set: (next: Server): void => {
      server = next;
    },
    /** What comes before the next request, at its uids. */
    disturb: (): readonly string[] =>
      disturbances
        .filter(({ before }) => before === log.length)
        .flatMap((disturbance) => {
          const changed = disturbed(server, disturbance);
          ({ server } = changed);
          return changed.touched;
        }),
  };
};

const CONTEXT: FeatureContext = {
  clock: { serverNow: () => EPOCH_ONE, monotonic: () => 0, sleep: () => Promise.resolve() },
  log: createLog({ level: "error", write: () => undefined }),
  metrics: createMetrics([...HANDOVER_METRICS, ...ELECTION_METRICS]),
  tickSeconds: 5,
  mode: "active",
  namespaces: [],
  instance: "i1",
  emit: () => undefined,
};

const lockOf = ({ lock }: Server): KubeObject => {
  const object = aLock({ spec: { leaseName: LEASE_NAMES[lock.lease] } });
  return { ...object, metadata: { ...object.metadata, generation: lock.generation, finalizers: [FINALIZER] } };
};

/** The explored server knows "current or not" only: between it and the function, versions are counted. */
const createVersions = () => {
  const counts = new Map<string, number>();
  const versionOf = (uid: string): string => String(counts.get(uid) ?? 1);
  const counted = <T>(value: T): T => {
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, part]) => {
      const { uid } = value as { uid?: string };
      return [key, key === "resourceVersion" && uid !== undefined ? versionOf(uid) : counted<unknown>(part)] as const;
    });
    return (Array.isArray(value) ? entries.map(([, part]) => part) : Object.fromEntries(entries)) as T;
  };
  /** As `counted`, the other way round. */
  const judged = <T>(value: T): T => {
    if (typeof value !== "object" || value === null) return value;
    const { uid } = value as { uid?: string };
    const entries = Object.entries(value).map(([key, part]) => {
      const isCurrent = uid !== undefined && part === versionOf(uid);
      return [key, key === "resourceVersion" ? (isCurrent ? CURRENT : OLD) : judged<unknown>(part)] as const;
    });
    return (Array.isArray(value) ? entries.map(([, part]) => part) : Object.fromEntries(entries)) as T;
  };
  const touch = (uid: string): void => void counts.set(uid, Number(versionOf(uid)) + 1);
  return { counted, judged, touch };
};

const ok = (body: unknown): Promise<KubeResponse> => Promise.resolve({ status: 200, body });

/** What the explored server does not have: the lock, whose edits it knows of, and the StatefulSet. Status and Events go nowhere. */
const answerBeside = ({ resource, verb }: KubeRequest, server: Server): Promise<KubeResponse> => {
  if (resource === STATEFUL_SETS) return ok(aSet());
  return ok(resource === LOCKS && verb === "list" ? { metadata: {}, items: [lockOf(server)] } : lockOf(server));
};

const isLockRead = ({ resource, verb }: KubeRequest): boolean =>
  resource === LOCKS && (verb === "list" || verb === "get");

/** What the shipped election sends until its run is done, and the server then. */
const shipped = async (start: Server, disturbances: readonly Disturbance[]) => {
  const place = createPlace(start, disturbances);
  const versions = createVersions();
  const answer = (request: KubeRequest): Promise<KubeResponse> => {
    const known = { ...request, body: versions.judged(request.body) };
    place.log.push(textOf(known));
    const { server, response, touched } = respond(place.get(), known);
    place.set(server);
    if (touched !== undefined) versions.touch(touched);
    return Promise.resolve({ ...response, body: versions.counted(response.body) });
  };
  const send = (request: KubeRequest): Promise<KubeResponse> => {
    const isExplored = request.resource === LEASES || request.resource === PODS;
    if (isExplored || isLockRead(request)) for (const uid of place.disturb()) versions.touch(uid);
    if (isLockRead(request)) place.log.push(LOCK_IS_READ);
    return isExplored ? answer(request) : answerBeside(request, place.get());
  };
  const memory = { hint: undefined, learn: () => undefined };
  const outcome = await runPasses(() =>
    passOnce({ context: CONTEXT, send }, { namespace: NAMESPACE, name: LOCK_NAME }, memory),
  );
  return { outcome, log: place.log, server: place.get() };
};

/**
 * Follows these requests, each of which has to be one that an explored instance may send next: which of several writes under way comes
 * first is nobody's choice. What it could have sent instead of the first that is none of them, if there is one; and the server then.
 */
const explored = (start: Server, disturbances: readonly Disturbance[], requests: readonly string[]) => {
  const place = createPlace(start, disturbances);
  let local: Local = IDLE;
  for (const request of requests) {
    for (const uid of place.disturb()) local = outdated(local, uid);
    asked.length = 0;
    const events = eventsOf(PROTOCOL, place.get(), local);
    const texts = asked.length === 0 ? [LOCK_IS_READ] : asked.map(textOf);
    const event = events[texts.indexOf(request)];
    if (event === undefined) return { log: [...place.log, ...texts], server: place.get(), local };
    place.log.push(request);
    place.set(event.server);
    ({ local } = event);
  }
  return { log: place.log, server: place.get(), local };
};

const FAULTS = { ...NO_FAULTS, ready: 5, create: 1, delete: 1, replace: 1, move: 2, lease: 2, rename: 1 };
const REQUESTS_MOST = 40;
/** A first election of three pods takes fewer. */
const EVENTS_MOST = 20;

const disturbance = record({
  // Before the first request: it begins with what others left.
  before: oneof(constant(0), nat(REQUESTS_MOST)),
  kind: constantFrom("fault" as const, "another" as const),
  choice: nat(EVENTS_MOST),
});

const testDeadlineMs = 60_000;

const atOnce = (kind: Disturbance["kind"], choice: number): Disturbance => ({ before: 0, kind, choice });

/** db-0 leads and fails; another instance dies after it has recorded db-1; then nobody can lead, and the old leader is to be fenced. */
const LEFT_IN_THE_MIDDLE: Disturbance[] = [
  atOnce("another", EVENTS_MOST),
  atOnce("fault", 0),
  atOnce("another", 5),
  atOnce("fault", 4),
  atOnce("fault", 8),
];

test(
  "what the shipped flow sends next, the explored one may send next, whatever comes in between",
  async () => {
    let conflicts = 0;
    await assert(
      asyncProperty(nat(3), array(disturbance, { maxLength: 8 }), async (there, disturbances) => {
        const start = createServer({ pods: 3, faults: FAULTS, clockMoves: false }, (slot) => slot < there);
        const real = await shipped(start, disturbances);
        expect(real.outcome.kind).toBe("done");
        const model = explored(start, disturbances, real.log);
        expect(model.log).toEqual(real.log);
        expect(model.server).toEqual(real.server);
        // And has nothing left to do.
        expect(model.local).toEqual(IDLE);
        conflicts += real.log.filter((text) => text.startsWith("get pods")).length;
      }),
      { numRuns: 1000, seed: 1, examples: [[3, LEFT_IN_THE_MIDDLE]] },
    );
    // Otherwise nothing was disturbed.
    expect(conflicts).toBeGreaterThan(20);
  },
  testDeadlineMs,
);
