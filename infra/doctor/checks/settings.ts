/** Whether what the function is told lets it act, and whether what sends it events is told the same. */
import type { Check } from "../check.ts";
import { error, warning, type Finding } from "../finding.ts";
import { argumentsOf, settingsOf, type Workload } from "../installation.ts";
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

/** Namespaces that somebody looks after, as text that can be compared; empty: all. */
const namespacesText = (namespaces: readonly string[]): string => namespaces.toSorted().join(",");

const namespacesOfSource = (source: Workload): string => {
  const args = source.container.args ?? [];
  if (args.includes("--all-namespaces")) return "";
  return namespacesText(argumentsOf(source, "--namespace"));
};

const NAMESPACES = "BELLWETHER_NAMESPACES";

const disagreement = (
  part: Workload,
  field: string,
  { got, wanted }: Readonly<Record<"got" | "wanted", string>>,
): Finding =>
  warning({
    object: nameOf(part.object),
    field,
    got: got === "" ? "all namespaces" : got,
    accepted: `the namespaces of the function's ${NAMESPACES}: ${wanted === "" ? "all" : wanted}`,
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

/** A source that hears more than is served costs a little; the function passes over it. */
const ofSource = (source: Workload, wanted: string): readonly Finding[] => {
  const got = namespacesOfSource(source);
  return got === "" || got === wanted ? [] : [disagreement(source, "--namespace", { got, wanted })];
};

const ofScaler = (scaler: Workload, wanted: string): readonly Finding[] => {
  const settings = settingsOf(scaler);
  if (typeof settings === "string") return [invalid(scaler, settings)];
  const got = namespacesText(settings.namespaces);
  return got === wanted ? [] : [disagreement(scaler, NAMESPACES, { got, wanted })];
};

export const settings: Check = {
  name: "settings",
  reads: ["knativeServices", "deployments"],
  fine: "the function's settings are accepted, it acts, and what sends it events serves the same namespaces",
  run: (_, installation) => {
    if (installation === undefined) return undefined;
    const { fn, source, scaler } = installation;
    const config = settingsOf(fn);
    if (typeof config === "string") return [invalid(fn, config)];
    const wanted = namespacesText(config.namespaces);
    return [
      ...(config.mode === "observe" ? [observing(fn)] : []),
      ...(source === undefined ? [] : ofSource(source, wanted)),
      ...(scaler === undefined ? [] : ofScaler(scaler, wanted)),
    ];
  },
};
