/** Label mode: the hand-over of every feature, and the cut-over on top; or what a weakened protocol has in the place of a part of it. */
import { lead } from "../../../functions/standby/decide.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { handoverBy, teamOf, type Protocol } from "../handover/protocol.ts";
import { goOn } from "./after.ts";
import { isOwned, serviceOf, TEAMS } from "./world.ts";

export interface LabelProtocol extends Protocol {
  /** The selector is extended only once the controller must have heard of the active pod, and it is looked at again. */
  readonly pauses: boolean;
  /** A group ends only once the controller must have heard of the selector that was given back. */
  readonly pausesAtEnd: boolean;
  /** Selectors are given back before the labels go. */
  readonly restoresFirst: boolean;
  /** A group without a record gets one before it ends. */
  readonly endsUnderRecord: boolean;
}

export interface LabelVariant {
  readonly name: string;
  /** What this protocol lacks, as half a sentence. */
  readonly leavesOut: string;
  readonly flaw: "G" | "S1";
  readonly weaken: (real: LabelProtocol) => LabelProtocol;
}

const SHIPPED: LabelProtocol = {
  ...handoverBy({
    names: ROLES,
    teams: TEAMS,
    decide: ({ lock, record, pods }) => {
      const verdict = lead({ group: teamOf({ teams: TEAMS }, lock).group, record, pods });
      if (verdict.kind === "lead") return { kind: "pod", uid: verdict.target.uid };
      return verdict.vacates ? { kind: "nobody" } : undefined;
    },
    isOwned: (server, lock) => isOwned(serviceOf(server), teamOf({ teams: TEAMS }, lock).group),
    goesOn: goOn({ teams: TEAMS, notices: true }),
  }),
  pauses: true,
  pausesAtEnd: true,
  restoresFirst: true,
  endsUnderRecord: true,
};

/** `variant` undefined: the protocol as it is shipped. */
export const labelProtocolOf = (variant: LabelVariant | undefined): LabelProtocol =>
  variant === undefined ? SHIPPED : variant.weaken(SHIPPED);

export const LABEL_VARIANTS: readonly LabelVariant[] = [
  {
    name: "extended-unconfirmed",
    leavesOut: "the pause and the second look before the selector is extended",
    flaw: "G",
    weaken: (real) => ({ ...real, pauses: false }),
  },
  {
    name: "labels-go-at-once",
    leavesOut: "the pause between the selector that is given back and the end of the group",
    flaw: "G",
    weaken: (real) => ({ ...real, pausesAtEnd: false }),
  },
  {
    name: "never-restored",
    leavesOut: "the restoring of the selector before the group ends",
    flaw: "G",
    weaken: (real) => ({ ...real, restoresFirst: false }),
  },
  {
    name: "let-go-unnoticed",
    leavesOut:
      "the write of the record before pods lose their enrolment, and the fence of one that the record names all the same",
    flaw: "S1",
    weaken: (real) => ({ ...real, seeksHolder: false, goesOn: goOn({ teams: TEAMS, notices: false }) }),
  },
  {
    name: "ended-without-record",
    leavesOut: "the record that is made for the end of a group which has none",
    flaw: "S1",
    weaken: (real) => ({ ...real, endsUnderRecord: false }),
  },
];
