/** S6: a pod is its uid. What was meant for, or written on, a former pod of the name is never found on the next one. */
import type { Ledger } from "./ledger.ts";
import type { PastPod } from "./past.ts";
import type { Step } from "./replay.ts";
import { violationAt, type Violation } from "./verdict.ts";

const inherited = (former: PastPod, pod: PastPod): readonly string[] => {
  const { stamp, token } = pod;
  const hasStamp = stamp !== undefined && stamp.epoch === former.stamp?.epoch && stamp.record === former.stamp.record;
  return [
    ...(hasStamp && pod.isStampOurs ? [`stamp ${stamp.epoch}`] : []),
    ...(pod.isTokenOurs && token === former.token ? [`token ${token ?? ""}`] : []),
  ];
};

const checkBirths = (steps: readonly Step[]): readonly Violation[] => {
  const byName = new Map<string, PastPod>();
  return steps.flatMap((step) => {
    if (step.kind !== "pod" || step.after === undefined) return [];
    const { namespace, name } = step.after;
    const former = byName.get(`${namespace}/${name}`);
    byName.set(`${namespace}/${name}`, step.after);
    if (former === undefined || former.uid === step.after.uid) return [];
    return inherited(former, step.after).map((what) =>
      violationAt(step, "S6", `is born with ${what} of the former pod (${former.uid})`),
    );
  });
};

const checkTargets = (ledger: Ledger): readonly Violation[] =>
  ledger.promotions.flatMap(({ step, pod }) => {
    const holders = pod.stamp === undefined ? [] : ledger.assigned(pod.stamp, step);
    if (holders.some((holder) => holder?.uid === pod.uid)) return [];
    const meant = holders.find((holder) => holder?.name === pod.name);
    return meant === undefined
      ? []
      : [violationAt(step, "S6", `is promoted in place of the former pod (${meant.uid})`)];
  });

export const checkIdentity = (steps: readonly Step[], ledger: Ledger): readonly Violation[] => [
  ...checkBirths(steps),
  ...checkTargets(ledger),
];
