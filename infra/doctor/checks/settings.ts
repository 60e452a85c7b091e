/** Whether what the function is told lets it act, and whether what sends it events is told the same. */
import type { Config } from "../../../functions/kit/host/config.ts";
import type { Check } from "../check.ts";
import { argumentsOf, hasFlag, hiddenSettings, settingsOf, type Hidden } from "../environment.ts";
import { error, unknown, warning, type Finding } from "../finding.ts";
import type { Installation, Workload } from "../installation.ts";
import { nameOf } from "../snapshot.ts";

const setEnv = ({ object: { kind = "", metadata } }: Workload, assignment: string): string =>
  kind === "Deployment"
    ? `kubectl -n ${metadata.namespace ?? ""} set env deployment/${metadata.name} ${assignment}`
    : `Set ${assignment} in the env of the Service's template, and apply it again.`;

const observing = (fn: Workload): Finding =>
  error({
    object: nameOf(fn.object),
    field: "BELLWETHER_MODE",
    got: "observe",
    accepted: "active: in the mode observe nothing is written",
    remedy: setEnv(fn, "BELLWETHER_MODE=active"),
  });

const unseen = ({ workload, field, where }: Hidden): Finding =>
  unknown({
    object: nameOf(workload.object),
    field,
    got: `from ${where}: no ConfigMap and no Secret is read`,
    accepted: "values in the manifest itself, of all variables that begin with BELLWETHER_",
    remedy: "Look up what it says (docs/configuration.md), or write the values into env.",
  });

/** As text that can be compared. */
const namespacesText = (namespaces: readonly string[]): string => namespaces.toSorted().join(", ");

/** The source's own default. */
const DEFAULT_NAMESPACE = "default";

/** Empty: all. */
const namespacesOfSource = (source: Workload): readonly string[] => {
  if (hasFlag(source, "--all-namespaces")) return [];
  const named = argumentsOf(source, "--namespace");
  return named.length === 0 ? [DEFAULT_NAMESPACE] : named;
};

const ALL = "all namespaces";

interface Disagreement {
  readonly part: Workload;
  readonly field: string;
  /** As text. */
  readonly got: string;
  readonly wanted: string;
}

const disagreement = ({ part, field, got, wanted }: Disagreement): Omit<Finding, "severity"> => ({
  object: nameOf(part.object),
  field,
  got,
  accepted: `what the function is told: ${wanted}`,
  remedy: "Name the same namespaces in both (docs/install.md, One namespace, or a few).",
});

const invalid = (part: Workload, problem: string): Finding =>
  error({
    object: nameOf(part.object),
    field: "env",
    got: problem.split("\n").slice(1).join("; "),
    accepted: "what docs/configuration.md lists: with anything else the process does not start",
    remedy: "Correct the variable in the manifest, and apply it again.",
  });

/** One that hears of more than is served costs a little; the function passes over it. Of whatever is left out the tick tells. */
const ofSource = (source: Workload, namespaces: readonly string[]): readonly Finding[] => {
  const [got, wanted] = [namespacesOfSource(source), namespaces].map(namespacesText);
  if (got === undefined || wanted === undefined || got === "" || got === wanted) return [];
  return [warning(disagreement({ part: source, field: "--namespace", got, wanted: wanted === "" ? ALL : wanted }))];
};

interface Told {
  readonly field: string;
  /** What no namespace at all means. */
  readonly none: string;
  readonly scaler: readonly string[];
  readonly fn: readonly string[];
}

/** Nobody wakes the function for what its scaler leaves out, not even with the tick. For what only the scaler knows it is woken in vain. */
const ofNamespaces = (part: Workload, { field, none, scaler, fn }: Told): readonly Finding[] => {
  const [got, wanted] = [namespacesText(scaler), namespacesText(fn)];
  if (got === wanted) return [];
  const isAll = (names: readonly string[]): boolean => names.length === 0 && none === ALL;
  const isCovered = isAll(scaler) || (!isAll(fn) && fn.every((name) => scaler.includes(name)));
  const told = disagreement({ part, field, got: got === "" ? none : got, wanted: wanted === "" ? none : wanted });
  return [(isCovered ? warning : error)(told)];
};

const ofScaler = (part: Workload, config: Config): readonly Finding[] => {
  const settings = settingsOf(part);
  if (typeof settings === "string") return [invalid(part, settings)];
  return [
    ...ofNamespaces(part, {
      field: "BELLWETHER_NAMESPACES",
      none: ALL,
      scaler: settings.namespaces,
      fn: config.namespaces,
    }),
    ...ofNamespaces(part, {
      field: "BELLWETHER_ROLES_NAMESPACES",
      none: "no namespace",
      scaler: settings.rolesNamespaces,
      fn: config.rolesNamespaces,
    }),
  ];
};

const told = ({ fn, source, scaler }: Installation, isVisible: boolean): readonly Finding[] => {
  const config = settingsOf(fn);
  if (typeof config === "string") return [invalid(fn, config)];
  const observed = config.mode === "observe" ? [observing(fn)] : [];
  if (!isVisible) return observed;
  return [
    ...observed,
    ...(source === undefined ? [] : ofSource(source, config.namespaces)),
    ...(scaler === undefined ? [] : ofScaler(scaler, config)),
  ];
};

export const settings: Check = {
  name: "settings",
  reads: ["knativeServices", "deployments"],
  fine: "the function's settings are accepted, it acts, and our source or scaler serves the same namespaces",
  run: (_, installation) => {
    if (installation === undefined) return undefined;
    const hidden = hiddenSettings(installation);
    return [...hidden.map(unseen), ...told(installation, hidden.length === 0)];
  },
};
