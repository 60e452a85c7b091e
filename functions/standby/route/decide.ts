/** Who is active in route mode: the same choice as everywhere, on pods that carry nothing and a record that is a slice. */
import { lead, type Verdict } from "../decide.ts";
import { recordOf } from "./model.ts";
import { partsOf, type Observed } from "./step.ts";

/** What there is, before it is decided who shall be active. */
export type Sight = Omit<Observed, "target">;

export interface Decided {
  /** Undefined: the Service is not, or no longer, in route mode. */
  readonly verdict: Verdict | undefined;
  readonly observed: Observed;
}

/** Asked again after its answer was carried out, it gives the same answer. */
export const decide = (sight: Sight): Decided => {
  const { service, pods } = sight;
  if (service.mode !== "route") return { verdict: undefined, observed: { ...sight, target: undefined } };
  const { record } = partsOf(sight);
  // One that is nobody's yet says nothing, and labels count.
  const named = record?.holder === undefined ? undefined : recordOf(record);
  const verdict = lead({ group: service.uid, record: named, pods });
  return { verdict, observed: { ...sight, target: verdict.kind === "lead" ? verdict.target : undefined } };
};
