/** How large an exploration is: pods, instances, and how often each fault may happen, as text and as values. */
import type { Scope } from "./explore.ts";
import { NO_FAULTS } from "./faults.ts";
import type { Faults } from "./server.ts";

const SIZE = /^(?<pods>[1-4])x(?<instances>[1-4])$/;
const FAULT = /^(?<kind>[a-z]+)=(?<count>[0-9])$/;

const KINDS = Object.keys(NO_FAULTS) as readonly (keyof Faults)[];

const faultFrom = (text: string): readonly [keyof Faults, number] => {
  const { kind, count } = FAULT.exec(text)?.groups ?? {};
  const known = KINDS.find((name) => name === kind);
  if (known !== undefined) return [known, Number(count)];
  throw new Error(`--faults: got ${JSON.stringify(text)}, accepts KIND=0 to KIND=9, KIND one of ${KINDS.join(", ")}`);
};

const faultsFrom = (text: string): Faults => ({
  ...NO_FAULTS,
  ...Object.fromEntries(text === "" ? [] : text.split(",").map(faultFrom)),
});

/** `size` is `<pods>x<instances>`, `faults` such as `ready=2,lease=1`. Throws for anything else. */
export const scopeFrom = (size: string, faults: string, clockMoves = false): Scope => {
  const { pods, instances } = SIZE.exec(size)?.groups ?? {};
  if (pods === undefined) throw new Error(`--scope: got ${JSON.stringify(size)}, accepts PODSxINSTANCES, each 1 to 4`);
  return { pods: Number(pods), instances: Number(instances), faults: faultsFrom(faults), clockMoves };
};

export const scopeText = ({ pods, instances, faults, clockMoves }: Scope): string => {
  const few = KINDS.filter((kind) => faults[kind] > 0).map((kind) => `${kind}=${faults[kind]}`);
  return `${pods}x${instances} ${few.join(",") || "no faults"}${clockMoves ? ", moving clock" : ""}`;
};
