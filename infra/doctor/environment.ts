/** What a container is told: its environment and its arguments, as far as the manifest itself says it. */
import { readConfig, type Config } from "../../functions/kit/host/config.ts";
import type { Installation, Workload } from "./installation.ts";

/** Variables that checks go by; whether the others are accepted shows in whether the process runs. */
export const VARIABLES = [
  "PORT",
  "BELLWETHER_MODE",
  "BELLWETHER_NAMESPACES",
  "BELLWETHER_ROLES_NAMESPACES",
  "BELLWETHER_TICK_SECONDS",
  "BELLWETHER_FUNCTION_URL",
  "BELLWETHER_SCALER_PORT",
] as const;

export type Variable = (typeof VARIABLES)[number];

/** The kubelet puts another variable's value in the place of `$(NAME)`. */
const isSaid = (value: string | undefined): value is string => value !== undefined && !value.includes("$(");

/** Values that the manifest itself says. */
export const environmentOf = ({ container }: Workload): Readonly<Record<string, string>> =>
  Object.fromEntries((container.env ?? []).flatMap(({ name, value }) => (isSaid(value) ? [[name, value]] : [])));

/** A value that is somewhere else: in a ConfigMap, a Secret, or another variable. */
export interface Hidden {
  readonly workload: Workload;
  /** Undefined: whatever the manifest does not set itself. */
  readonly variable: string | undefined;
  readonly field: string;
  /** Where it is said to be, as JSON. */
  readonly where: string;
}

const hiddenIn = (workload: Workload): readonly Hidden[] => {
  const { env = [], envFrom = [] } = workload.container;
  const single = env
    .filter(
      ({ name, value, valueFrom }) =>
        VARIABLES.some((known) => known === name) &&
        (valueFrom !== undefined || (value !== undefined && !isSaid(value))),
    )
    .map(({ name, value, valueFrom }) => ({
      workload,
      variable: name,
      field: name,
      where: JSON.stringify(valueFrom ?? value),
    }));
  const whole = envFrom.map((from) => ({
    workload,
    variable: undefined,
    field: "envFrom",
    where: JSON.stringify(from),
  }));
  return [...single, ...whole];
};

/** Of the function, and of what decides beside it; the source is told everything in its arguments. */
export const hiddenSettings = ({ fn, scaler }: Installation): readonly Hidden[] =>
  [fn, scaler].flatMap((part) => (part === undefined ? [] : hiddenIn(part)));

/** Nobody knows what the process is told, so that nothing can be judged by it. */
export const isHidden = (hidden: readonly Hidden[], name: Variable): boolean =>
  hidden.some(
    ({ workload, variable }) => variable === name || (variable === undefined && !(name in environmentOf(workload))),
  );

/** As its container will read it; text: why it will not start. */
export const settingsOf = (workload: Workload): Config | string => {
  try {
    // Where the API server is, the kubelet says.
    return readConfig({ KUBERNETES_SERVICE_HOST: "kubernetes", ...environmentOf(workload) });
  } catch (problem) {
    return problem instanceof Error ? problem.message : String(problem);
  }
};

const commandLineOf = ({ container: { command = [], args = [] } }: Workload): readonly string[] => [
  ...command,
  ...args,
];

/** The values of an option, in both ways in which it may be written: `--sink=URL`, and `--sink URL`. */
export const argumentsOf = (workload: Workload, option: string): readonly string[] => {
  const line = commandLineOf(workload);
  return line.flatMap((argument, index) => {
    if (argument === option) return line[index + 1] ?? [];
    return argument.startsWith(`${option}=`) ? argument.slice(option.length + 1) : [];
  });
};

export const hasFlag = (workload: Workload, flag: string): boolean => commandLineOf(workload).includes(flag);
