/**
 * The level-triggered pass over everything, for any feature: paged LISTs, renewals of what is due, and the names of the groups that need
 * more than a renewal. Each instance may do it at any time: it writes nothing but renewals.
 */
import type { Io } from "../context.ts";
import type { Barred, SweepOutcome } from "../feature.ts";
import { enrolmentLabel } from "../handover/names.ts";
import { recordSelector } from "../handover/record.ts";
import type { KubeObject } from "../kube/object.ts";
import { listAll, type ListAllOptions } from "../kube/page.ts";
import { LEASES, PODS, STATEFUL_SETS, type Resource } from "../kube/request.ts";
import { describe } from "../kube/status-class.ts";
import { spread } from "../spread.ts";
import { renew, type Renewal } from "./renew.ts";

/** Ends the sweep: half of what there is would look like groups without pods, or pods without owners. */
class Unreadable extends Error {}

/** Where a feature may not list what it needs, and what the API server says to it; undefined: it is not asked by namespace. */
type Refusals = ReadonlyMap<string | undefined, string>;

/** Ends a reading that turned out not to be allowed everywhere, for the same reason; it is begun again without those namespaces. */
class Forbidden extends Error {
  readonly refusals: Refusals;

  constructor(refusals: Refusals) {
    super("not allowed");
    this.refusals = refusals;
  }
}

/** Ends the sweep of a feature whose kind nobody has installed: it has no groups, and keeps no other feature waiting. */
class NotInstalled extends Error {}

const scopesOf = ({ context: { namespaces } }: Io): readonly (string | undefined)[] =>
  namespaces.length === 0 ? [undefined] : namespaces;

const listScope = async (
  io: Io,
  resource: Resource,
  options: Omit<ListAllOptions, "namespace">,
  Missing: typeof NotInstalled | typeof Unreadable = Unreadable,
): Promise<readonly KubeObject[]> => {
  const refusals = new Map<string | undefined, string>();
  const list = async (namespace: string | undefined): Promise<readonly KubeObject[]> => {
    const listing = await listAll(io.send, resource, { ...options, namespace });
    if (listing.ok) return listing.items;
    const message = `list ${resource.plural}: ${describe(listing.response)}`;
    if (listing.response.status !== 403) {
      // Of a collection that exists there is a list, if an empty one.
      throw listing.response.status === 404 ? new Missing(message) : new Unreadable(message);
    }
    refusals.set(namespace, message);
    return [];
  };
  const items = await Promise.all(scopesOf(io).map(list));
  if (refusals.size > 0) throw new Forbidden(refusals);
  return items.flat();
};

/** Without who wrote what, which is half of an object; only of a Lease it matters here. */
const slim = ({ metadata: whole, spec, status }: KubeObject): KubeObject => {
  const { managedFields: _, ...metadata } = whole;
  return { metadata, spec, status };
};

/** What tells who leads, and where it is asked: pods and their templates are most of what a sweep reads, and thousands are held at once. */
const slimPod = (pod: KubeObject): KubeObject => {
  const { phase, conditions, podIP } = (pod.status ?? {}) as Readonly<Record<string, unknown>>;
  return { ...slim(pod), spec: undefined, status: { phase, conditions, podIP } };
};

const slimSet = (set: KubeObject): KubeObject => {
  const { replicas, ordinals, selector, serviceName } = (set.spec ?? {}) as Readonly<Record<string, unknown>>;
  return { ...slim(set), spec: { replicas, ordinals, selector, serviceName } };
};

/** All owners of a feature. These reads throw what `sweep` answers with. */
export const listOwners = (io: Io, resource: Resource): Promise<readonly KubeObject[]> =>
  listScope(io, resource, { keep: slim }, NotInstalled);

export const listSets = (io: Io): Promise<readonly KubeObject[]> => listScope(io, STATEFUL_SETS, { keep: slimSet });

/** The records of a feature. */
export const listRecords = (io: Io, feature: string): Promise<readonly KubeObject[]> =>
  listScope(io, LEASES, { labelSelector: recordSelector(feature) });

/** Pods by their labels; after the records of the feature, as in a run. */
export const listWith = (io: Io, labelSelector: string): Promise<readonly KubeObject[]> =>
  listScope(io, PODS, { labelSelector, keep: slimPod });

/** The enrolled pods of a feature. */
export const listEnrolled = (io: Io, feature: string): Promise<readonly KubeObject[]> =>
  listWith(io, enrolmentLabel(feature));

/** What a feature makes of what it has read. */
export interface Swept {
  /** How many groups there are. */
  readonly groups: number;
  /** Keys of those that need a run. */
  readonly runs: readonly string[];
  /**
   * By the key of the group: a renewal that is refused says that the group changed, and it is run; one that a server in trouble did not
   * take waits for the next tick.
   */
  readonly renewals: ReadonlyMap<string, Renewal>;
}

/** Reads with what it is given: with the namespaces in which everything may be listed. */
type Read = (io: Io) => Promise<Swept>;

/**
 * A renewal may wait as long as its Lease is kept all the same: for half of what half the duration leaves over after a tick and the
 * cron source's jitter (the rest is for the reads), and never for longer than half a tick.
 */
const windowMs = (renewals: Iterable<Renewal>, tickSeconds: number): number => {
  const slack = [...renewals].map(({ leaseDurationSeconds }) => leaseDurationSeconds * 500 - tickSeconds * 1000 - 500);
  return Math.max(0, Math.min(tickSeconds * 500, ...slack.map((milliseconds) => milliseconds / 2)));
};

/** What remains to be read. Never no namespace at all, which would mean all of them (`isEverywhere`). */
const without = (io: Io, refusals: Refusals): Io => {
  const namespaces = io.context.namespaces.filter((namespace) => !refusals.has(namespace));
  return { ...io, context: { ...io.context, namespaces } };
};

const isEverywhere = ({ context: { namespaces } }: Io, refusals: Refusals): boolean =>
  namespaces.every((namespace) => refusals.has(namespace));

const barredBy = (refusals: Refusals): Barred => {
  const namespaces = [...refusals.keys()].filter((namespace) => namespace !== undefined);
  return { namespaces, reason: [...refusals.values()][0] ?? "" };
};

const readInstalled = async ({ context: { log } }: Io, read: () => Promise<Swept>): Promise<Swept> => {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof NotInstalled)) throw error;
    log.debug("nothing to sweep", { reason: error.message });
    return { groups: 0, runs: [], renewals: new Map() };
  }
};

/** What may be read, and where nothing may. Where nothing may be read at all it throws `Forbidden`. */
const readAllowed = async (io: Io, read: Read): Promise<Swept & { readonly barred?: Barred }> => {
  let refused: Refusals = new Map();
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- each reading tells what the next has to leave out
      const swept = await readInstalled(io, () => read(without(io, refused)));
      return refused.size === 0 ? swept : { ...swept, barred: barredBy(refused) };
    } catch (error) {
      if (!(error instanceof Forbidden)) throw error;
      refused = new Map([...refused, ...error.refusals]);
      if (isEverywhere(io, refused)) throw new Forbidden(refused);
    }
  }
};

const unswept = (error: unknown): SweepOutcome => {
  if (error instanceof Unreadable) return { kind: "failed", reason: error.message };
  if (error instanceof Forbidden) return { kind: "barred", ...barredBy(error.refusals) };
  throw error;
};

/** `renewed` is told the key of each group whose Lease was renewed; `found` as in `Feature`. */
export const sweep = async (
  io: Io,
  { read, renewed }: { readonly read: Read; readonly renewed: (key: string) => void },
  found: (groups: readonly string[]) => void,
): Promise<SweepOutcome> => {
  const { clock, mode, tickSeconds } = io.context;
  try {
    const { groups, runs, renewals, barred } = await readAllowed(io, read);
    found(runs);
    let count = 0;
    const due = mode === "observe" ? [] : [...renewals];
    await spread(due, { windowMs: windowMs(renewals.values(), tickSeconds), clock }, async ([key, renewal]) => {
      const outcome = await renew(io, renewal);
      if (outcome === "refused") found([key]);
      if (outcome !== "written") return;
      count += 1;
      renewed(key);
    });
    return { kind: "swept", groups, renewed: count, ...(barred === undefined ? {} : { barred }) };
  } catch (error) {
    return unswept(error);
  }
};
