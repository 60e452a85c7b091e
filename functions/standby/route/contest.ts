/**
 * Somebody else takes the label of our turn off the Service, or changes it: an operator that applies all labels of a Service, maybe again and
 * again. Each time is answered by one write at most, and not before a pause since our last one.
 */
import { ROLES, ROUTED_KEY } from "../labels.ts";
import { isWrittenWithin } from "../written.ts";
import type { RoutedService } from "./model.ts";
import { ROUTED_VALUE } from "./names.ts";
import { partsOf, type Observed, type Step } from "./step.ts";
import { isBegun, isMade } from "./turn.ts";

type Seen = Pick<Observed, "service" | "slices">;

/** Between two writes of ours to one Service. While the label is missing `exclusive` counts no more; where the Service leads does not change. */
export const PAUSE_MS = 5_000;

/** The key is in the selector, and nothing of label mode. */
export const isKeyed = ({ selector }: RoutedService): boolean =>
  selector[ROUTED_KEY] === ROUTED_VALUE && selector[ROLES.roleLabel] === undefined;

/** The key is there, but not the label that was written with it. */
const isKeyAlone = (seen: Seen): boolean => {
  const { service } = seen;
  const { record } = partsOf(seen);
  return isKeyed(service) && record?.turn !== undefined && !isMade(service, record) && !isBegun(service, record);
};

/** On the way back: a turn was made, which told the epoch, and no label tells of any. */
const isTurnless = ({ service, slices }: Seen): boolean =>
  service.turn === undefined && service.epoch !== undefined && slices.length > 0;

export const isContested = (seen: Seen): boolean =>
  seen.service.mode === "route" ? isKeyAlone(seen) : isTurnless(seen);

/** Undefined: there is nothing to wait for. */
export const planPause = (observed: Observed): Step | undefined =>
  isContested(observed) && isWrittenWithin(observed.service.metadata, PAUSE_MS, observed.now)
    ? { kind: "wait", reason: "TurnContested" }
    : undefined;
