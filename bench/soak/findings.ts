/** What the history checker and a last look at the groups say of a soak: what is wrong fails it, on whatever machine. */
import type { Verdict } from "../../functions/kit/history/verdict.ts";
import { none, type Figure } from "../report.ts";

export interface SoakFindings {
  /** Of the whole run, setup included. */
  readonly verdict: Pick<Verdict, "violations" | "foreign" | "gaps" | "promotions" | "leaderships">;
  /** Groups that have not exactly one writer at the end. */
  readonly unsettled: number;
}

/** What is wrong whatever the machine does, and how much happened in which nothing was. */
export const findings = ({ verdict, unsettled: left }: SoakFindings): readonly Figure[] => {
  const { violations, foreign, gaps, promotions, leaderships } = verdict;
  return [
    none("violations of the invariants", violations.length),
    none("doublings that others made", foreign.length),
    none("gaps of the observation", gaps.length),
    none("groups without exactly one writer at the end", left),
    { name: "first elections", unit: "", ours: leaderships.length },
    { name: "promotions of the churn", unit: "", ours: promotions - leaderships.length },
  ];
};
