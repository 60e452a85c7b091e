/** How soon Kubernetes notices that a leader is dead: the readiness probes of what is led are most of a fail-over. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Check } from "../check.ts";
import { warning, type Finding } from "../finding.ts";
import { ledSets } from "../led-sets.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";

/** What docs/install.md recommends at most: 2 s x 3. */
const NOTICED_WITHIN_SECONDS = 6;

interface Probe {
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}

interface PodSpec {
  readonly containers?: readonly { readonly name: string; readonly readinessProbe?: Probe }[];
}

/** A led pod, or the template that all of them come from. */
interface Template {
  readonly object: KubeObject;
  /** Where its spec is. */
  readonly path: string;
  readonly spec: PodSpec;
}

const specOf = (value: unknown): PodSpec => value ?? {};

const templatesOf = (snapshot: Snapshot): readonly Template[] => {
  const sets = new Map(ledSets(snapshot).map(({ set }) => [set.metadata.uid, set]));
  return [
    ...[...sets.values()].map((object) => {
      const { template } = (object.spec ?? {}) as { readonly template?: { readonly spec?: unknown } };
      return { object, path: "spec.template.spec", spec: specOf(template?.spec) };
    }),
    // Whatever makes them; those of a set above are not told twice.
    ...snapshot.led.standbyPods
      .filter(({ metadata }) => !(metadata.ownerReferences ?? []).some(({ uid }) => sets.has(uid)))
      .map((object) => ({ object, path: "spec", spec: specOf(object.spec) })),
  ];
};

const FAST = `readinessProbe of at most ${NOTICED_WITHIN_SECONDS} s, such as periodSeconds 2 and failureThreshold 3`;
const REMEDY =
  "Probe more often and forgive less (docs/install.md, Probes of your pods); readiness must not depend on the role.";

const findingsOf = ({ object, path, spec }: Template): readonly Finding[] => {
  const { containers = [] } = spec;
  const probed = containers.filter(({ readinessProbe }) => readinessProbe !== undefined);
  const about = { object: nameOf(object), accepted: FAST, remedy: REMEDY };
  if (probed.length === 0) {
    const got = "none: only the end of a process is noticed, not one that hangs";
    return [warning({ ...about, field: `${path}.containers[*].readinessProbe`, got })];
  }
  return probed.flatMap(({ name, readinessProbe }) => {
    const { periodSeconds = 10, failureThreshold = 3 } = readinessProbe ?? {};
    const seconds = periodSeconds * failureThreshold;
    if (seconds <= NOTICED_WITHIN_SECONDS) return [];
    const got = `periodSeconds ${periodSeconds} x failureThreshold ${failureThreshold} = ${seconds} s until a dead leader is noticed`;
    return [warning({ ...about, field: `${path}.containers[${name}].readinessProbe`, got })];
  });
};

export const probes: Check = {
  name: "probes",
  reads: ["locks", "checkers", "statefulSets", "standbyPods", "BELLWETHER_NAMESPACES"],
  fine: `Kubernetes notices a dead leader within ${NOTICED_WITHIN_SECONDS} s`,
  run: (snapshot) => {
    const templates = templatesOf(snapshot);
    return templates.length === 0 ? undefined : templates.flatMap(findingsOf);
  },
};
