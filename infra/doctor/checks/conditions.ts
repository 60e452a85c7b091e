/** What locks and checkers say of themselves: whether a leader is there, what else is the matter, and whether they speak of the present. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Check } from "../check.ts";
import { error, warning, type Finding } from "../finding.ts";
import { conditionOf, conditionsOf, nameOf, staleGeneration } from "../snapshot.ts";

/** Not only while something is wrong. `LeaseTooShort` is judged by the ticks that really come. */
const ORDINARY = new Set(["Available", "Progressing", "LeaseTooShort"]);

const describe = ({ metadata, kind = "" }: KubeObject): string =>
  `kubectl -n ${metadata.namespace ?? ""} describe ${kind.toLowerCase()} ${metadata.name}`;

const WHAT_TO_DO = "README.md, Conditions; docs/leaderstatuschecker.md, Conditions";

const unseen = (object: KubeObject, got: string): Finding =>
  error({
    object: nameOf(object),
    field: "status.observedGeneration",
    got,
    accepted: String(object.metadata.generation ?? 0),
    remedy: "The function has not looked at it: see to workloads, sources and permissions first, then look again.",
  });

const unavailable = (object: KubeObject): readonly Finding[] => {
  const available = conditionOf(object, "Available");
  if (available === undefined || available.status === "True") return [];
  return [
    error({
      object: nameOf(object),
      field: "status.conditions[Available]",
      got: `${available.status} ${available.reason ?? ""}: ${available.message ?? ""}`,
      accepted: "True",
      remedy: `${describe(object)} (${WHAT_TO_DO})`,
    }),
  ];
};

const others = (object: KubeObject): readonly Finding[] =>
  conditionsOf(object)
    .filter(({ type, status }) => !ORDINARY.has(type) && status !== "False")
    .map(({ type, reason = "", message = "" }) =>
      warning({
        object: nameOf(object),
        field: `status.conditions[${type}]`,
        got: `${reason}: ${message}`,
        accepted: "absent",
        remedy: `${describe(object)} (${WHAT_TO_DO})`,
      }),
    );

const findingsOf = (object: KubeObject): readonly Finding[] => {
  if (object.metadata.deletionTimestamp !== undefined) return [];
  const stale = staleGeneration(object);
  if (conditionOf(object, "Available") === undefined) return [unseen(object, "no status")];
  if (stale !== undefined) return [unseen(object, String(stale))];
  return [...unavailable(object), ...others(object)];
};

/** Another installation may serve it: then that has given it a status. */
const strayFindings = (object: KubeObject): readonly Finding[] =>
  object.metadata.deletionTimestamp !== undefined || conditionOf(object, "Available") !== undefined
    ? []
    : [
        warning({
          object: nameOf(object),
          field: "metadata.namespace",
          got: `${object.metadata.namespace ?? ""}, which this installation does not serve, and no status: nobody looks at it`,
          accepted: "a namespace that BELLWETHER_NAMESPACES names",
          remedy: "Have this namespace served, too (docs/install.md, One namespace, or a few), or delete the object.",
        }),
      ];

export const conditions: Check = {
  name: "conditions",
  reads: ["locks", "checkers", "BELLWETHER_NAMESPACES"],
  fine: "every lock and checker has a leader, and nothing else to say",
  run: ({ led, strays }) => {
    const all = [...led.locks, ...led.checkers];
    if (all.length + strays.length === 0) return undefined;
    return [...all.flatMap(findingsOf), ...strays.flatMap(strayFindings)];
  },
};
