/**
 * A pass over one group of Services: read, take back what is not wanted any more, and serve or end. Every write is conditional, so any number
 * of instances may do this at once, and each may die between any two writes.
 */
import type { Io } from "../kit/context.ts";
import type { ObjectKey } from "../kit/keys.ts";
import { listAll } from "../kit/kube/page.ts";
import type { Loaded } from "../kit/kube/read.ts";
import { PODS } from "../kit/kube/request.ts";
import { done, failed, type PassOutcome } from "../kit/outcome.ts";
import { selectorText } from "../kit/selector.ts";
import { restoreFirst } from "./cut-over.ts";
import { olderRelatives, olderRival, type Standing } from "./decide.ts";
import { endGroup } from "./ending.ts";
import { loadSituation, type Situation } from "./load.ts";
import type { Selector } from "./model.ts";
import { publish } from "./publish.ts";
import type { Said } from "./said.ts";
import { serve } from "./serve.ts";

export interface Memory {
  /** The group's selector, if it is remembered. */
  readonly selector: Selector | undefined;
  readonly said: Said;
  /** Told which Services stand for the group; undefined: none does. */
  readonly learn: (standing: Standing | undefined) => void;
}

interface Refusal {
  readonly reason: "PodsShared" | "LeaseForeign";
  readonly message: string;
}

const rivalOf = async (
  { send }: Io,
  { namespace, groups }: Situation,
  standing: Standing,
): Promise<Loaded<Standing | undefined>> => {
  const relatives = olderRelatives(standing, groups);
  if (relatives.length === 0) return { ok: true, value: undefined };
  const listings = await Promise.all(
    [standing, ...relatives].map(({ selector: matchLabels }) =>
      listAll(send, PODS, { namespace, labelSelector: selectorText({ matchLabels }) }),
    ),
  );
  const labels: Selector[] = [];
  for (const listing of listings) {
    if (!listing.ok) return { ok: false, response: listing.response, doing: "list pods" };
    labels.push(...listing.items.map(({ metadata }) => metadata.labels ?? {}));
  }
  return { ok: true, value: olderRival(standing, relatives, labels) };
};

const sharing = ({ owners }: Standing): Refusal => ({
  reason: "PodsShared",
  message: `the selector finds pods of the older active/standby Service ${owners[0].name}, whose selector is another; the Service is left as it is`,
});

const foreignLease = ({ reading, group }: Situation): Refusal | undefined => {
  if (reading.kind === "none" || reading.kind === "adoptable") return undefined;
  if (reading.kind === "ours" && reading.group === group) return undefined;
  const message = `Lease ${reading.record.name} is not the record of this Service; delete it`;
  return { reason: "LeaseForeign", message };
};

export const passOnce = async (io: Io, key: ObjectKey, memory: Memory): Promise<PassOutcome> => {
  const { selector, said } = memory;
  const loaded = await loadSituation(io.send, key, { selector, now: () => io.context.clock.serverNow() });
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const situation = loaded.value;
  const { standing, reading, former } = situation;
  memory.learn(standing);
  const restored = await restoreFirst(io, former);
  if (restored !== undefined) return restored;
  const end = (idle: PassOutcome): Promise<PassOutcome> => endGroup(io, situation, idle);
  if (standing === undefined) return end(done("NoService"));
  const refuse = (refusal: Refusal, outcome: PassOutcome): Promise<PassOutcome> =>
    publish(io, said, { standing, result: { ...refusal, kind: "refused" }, findings: [] }, outcome);
  const foreign = foreignLease(situation);
  if (foreign !== undefined) return refuse(foreign, done(foreign.reason));
  const rival = await rivalOf(io, situation, standing);
  if (!rival.ok) return failed(rival.doing, rival.response);
  if (rival.value !== undefined) {
    const refusal = sharing(rival.value);
    const kept = standing.owners.filter(({ isKept }) => isKept);
    const unserved = (await restoreFirst(io, kept)) ?? (await end(done(refusal.reason)));
    return refuse(refusal, unserved);
  }
  const record = reading.kind === "none" ? undefined : reading.record;
  return serve({ ...io, situation, standing, record, said });
};
