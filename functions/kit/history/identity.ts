/** S6: a pod is its uid. What was meant for, or written on, a former pod of the name is never found on the next one. */
import type { Entry, Ledger } from "./ledger.ts";
import type { PastPod } from "./past.ts";
import type { Step } from "./replay.ts";
import { evidenceOf, faultAt, type Evidence, type Fault } from "./verdict.ts";

/** The last pod of a name, and what it carried. */
interface Former {
  readonly pod: PastPod;
  readonly evidence: Evidence;
}

const inherited = (former: PastPod, pod: PastPod): readonly string[] => {
  const { stamp, token } = pod;
  const hasStamp = stamp !== undefined && stamp.epoch === former.stamp?.epoch && stamp.record === former.stamp.record;
  return [
    ...(hasStamp && pod.isStampOurs ? [`stamp ${stamp.epoch}`] : []),
    ...(pod.isTokenOurs && token === former.token ? [`token ${token ?? ""}`] : []),
  ];
};

const createBirthCheck = (): ((step: Step) => readonly Fault[]) => {
  const byName = new Map<string, Former>();
  return (step) => {
    if (step.kind !== "pod" || step.after === undefined) return [];
    const { after } = step;
    const key = `${after.namespace}/${after.name}`;
    const former = byName.get(key);
    // Most pods of a cluster carry nothing of ours, and are not worth remembering.
    if (after.stamp === undefined && after.token === undefined) byName.delete(key);
    else byName.set(key, { pod: after, evidence: evidenceOf(step, "was the former pod of that name") });
    if (former === undefined || former.pod.uid === after.uid) return [];
    return inherited(former.pod, after).map((what) =>
      faultAt(step, "S6", `is born with ${what} of the former pod (${former.pod.uid})`, [former.evidence]),
    );
  };
};

const targetFaults = ({ step, imprint, promotedBy }: Entry, ledger: Ledger): readonly Fault[] => {
  if (imprint?.pod.stamp === undefined || promotedBy === undefined) return [];
  const { pod } = imprint;
  const assigned = ledger.assigned(imprint.pod.stamp);
  if (assigned.some(({ holder }) => holder?.uid === pod.uid)) return [];
  const meant = assigned.find(({ holder }) => holder?.name === pod.name);
  if (meant === undefined) return [];
  const message = `is promoted in place of the former pod (${meant.holder?.uid})`;
  return [{ ...faultAt(step, "S6", message, [meant.evidence]), leasesSince: ledger.knownSince(imprint.pod.stamp) }];
};

export const createIdentityCheck = (ledger: Ledger): ((entry: Entry) => readonly Fault[]) => {
  const birthFaults = createBirthCheck();
  return (entry) => [...birthFaults(entry.step), ...targetFaults(entry, ledger)];
};
