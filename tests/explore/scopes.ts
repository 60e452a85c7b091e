/** How large an exploration is: pods, instances, and how often each fault may happen, as text and as values. */

export interface Scope<F> {
  readonly pods: number;
  readonly instances: number;
  readonly faults: F;
  /** Every fault takes a second of the server's clock; otherwise it stands still. */
  readonly clockMoves: boolean;
}

type Counts = Readonly<Record<string, number>>;

const SIZE = /^(?<pods>[1-4])x(?<instances>[1-4])$/;
const FAULT = /^(?<kind>[a-z]+)=(?<count>[0-9])$/;

const faultFrom = (kinds: readonly string[], text: string): readonly [string, number] => {
  const { kind = "", count } = FAULT.exec(text)?.groups ?? {};
  if (kinds.includes(kind)) return [kind, Number(count)];
  throw new Error(`--faults: got ${JSON.stringify(text)}, accepts KIND=0 to KIND=9, KIND one of ${kinds.join(", ")}`);
};

interface ScopeText {
  /** `<pods>x<instances>`. */
  readonly size: string;
  /** Such as `ready=2,lease=1`. */
  readonly faults: string;
  /** Kinds that are accepted; default: all that there are. */
  readonly kinds?: readonly string[];
}

/** `none` has all kinds of faults. Throws for text that is no scope. */
export const scopeFrom = <F extends { readonly [K in keyof F]: number }>(
  none: F,
  { size, faults, kinds = Object.keys(none) }: ScopeText,
  clockMoves = false,
): Scope<F> => {
  const { pods, instances } = SIZE.exec(size)?.groups ?? {};
  if (pods === undefined) throw new Error(`--scope: got ${JSON.stringify(size)}, accepts PODSxINSTANCES, each 1 to 4`);
  const counts = faults === "" ? [] : faults.split(",").map((text) => faultFrom(kinds, text));
  const wanted = { ...none, ...Object.fromEntries(counts) };
  return { pods: Number(pods), instances: Number(instances), faults: wanted, clockMoves };
};

export const scopeText = <F extends { readonly [K in keyof F]: number }>(scope: Scope<F>): string => {
  const { pods, instances, faults, clockMoves } = scope;
  const few = Object.entries(faults as Counts).flatMap(([kind, count]) => (count > 0 ? [`${kind}=${count}`] : []));
  return `${pods}x${instances} ${few.join(",") || "no faults"}${clockMoves ? ", moving clock" : ""}`;
};
