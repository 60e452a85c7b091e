/** The command line of `npm run observe`, read into values or refused with the name of the field. */
import { parseArgs } from "node:util";
import type { Scope } from "./scope.ts";

export const USAGE = `Usage: npm run observe -- [OPTIONS]
       npm run observe -- --replay FILE

Watches who carries a leader label on any cluster, says each change and each violation as it happens, and at the end judges the
whole. The label may be written by anybody: this product, another one, a script. It only reads.

  --kubeconfig FILE     default: KUBECONFIG, ~/.kube/config, or the pod's service account
  --namespace NAME      default: that of the kubeconfig's context, or default
  --all-namespaces      watch all namespaces
  --label KEY=VALUE     the label of a leader; default: sts-role=writer. Of this product as well, and judged with their records:
                        node-role=leader, qoqo.dev/pod-designation=active
  --group-by HOW        statefulset (default): pods of one StatefulSet, or of another controller, have one leader
                        selector: all pods of a namespace that --selector finds have one leader
  --selector SELECTOR   watch only these pods, such as app=db; needed for --group-by selector
  --record FILE         write a recording to a new file: metadata and conditions, no specs of pods, no Secrets
  --for DURATION        stop after 90s, 10m, 2h; default: Ctrl-C stops it
  --replay FILE         judge a recording instead
  --help                this text

Exit code: 0 nothing found, 1 an invariant was violated, 2 bad input or no access.
`;

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "replay"; readonly file: string }
  | {
      readonly kind: "watch";
      readonly kubeconfig: string | undefined;
      /** `namespace` undefined: that of the context, unless `allNamespaces`. */
      readonly scope: Scope;
      readonly allNamespaces: boolean;
      readonly record: string | undefined;
      readonly durationMs: number | undefined;
    };

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
/** The longest that a timer of this runtime can wait. */
const DURATION_MAX_MS = 2_147_483_647;
const LABEL =
  /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?=[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const refused = (field: string, got: string | undefined, accepted: string): Error =>
  new Error(`${field}: got ${got === undefined ? "nothing" : JSON.stringify(got)}, accepted is ${accepted}`);

const durationOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const { count, unit = "" } = /^(?<count>[1-9]\d{0,6})(?<unit>[smh])$/.exec(text)?.groups ?? {};
  const milliseconds = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (milliseconds <= DURATION_MAX_MS) return milliseconds;
  throw refused("--for", text, "a whole number of s, m or h, at most 24 days, such as 10m");
};

interface Given {
  readonly label: string;
  readonly "group-by": string;
  readonly selector?: string | undefined;
  readonly namespace?: string | undefined;
  readonly "all-namespaces": boolean;
}

const scopeOf = ({ label, "group-by": groupBy, selector, namespace, ...given }: Given): Scope => {
  if (!LABEL.test(label)) throw refused("--label", label, "KEY=VALUE, such as role=leader");
  if (groupBy !== "statefulset" && groupBy !== "selector") {
    throw refused("--group-by", groupBy, "statefulset or selector");
  }
  if (groupBy === "selector" && selector === undefined) {
    throw refused("--selector", selector, "a label selector, because --group-by selector makes one group of its pods");
  }
  if (namespace !== undefined && given["all-namespaces"]) {
    throw refused("--namespace", namespace, "nothing beside --all-namespaces");
  }
  return { label, groupBy, selector, namespace };
};

/** @throws with field, what it got and what it accepts. */
export const readCommand = (args: readonly string[]): Command => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kubeconfig: { type: "string" },
      namespace: { type: "string" },
      "all-namespaces": { type: "boolean", default: false },
      label: { type: "string", default: "sts-role=writer" },
      "group-by": { type: "string", default: "statefulset" },
      selector: { type: "string" },
      record: { type: "string" },
      for: { type: "string" },
      replay: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return { kind: "help" };
  if (values.replay !== undefined) return { kind: "replay", file: values.replay };
  return {
    kind: "watch",
    kubeconfig: values.kubeconfig,
    scope: scopeOf(values),
    allNamespaces: values["all-namespaces"],
    record: values.record,
    durationMs: durationOf(values.for),
  };
};
