/** One fail-over with a client that writes through it: the fault, the next writer's first write, the end of the fault, and everything Ready again. */
import { setTimeout } from "node:timers/promises";
import { ROLES } from "../../../../functions/election/labels.ts";
import { waitForWriter, writersOf } from "../../../../infra/lab/group.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { cutOff, reconnect } from "./cut-off.ts";
import { deletePod, failProbe, freeze, killContainer, mendProbe, replace, thaw, type Fault } from "./faults.ts";
import { podsReady, tokenOf } from "./group.ts";
import { roleTold, toldAtMs } from "./podinfo.ts";
import type { Register } from "./register.ts";
import { strike, type Stage } from "./stage.ts";

interface Kind {
  /** What the writer is. */
  readonly what: string;
  readonly fault: Fault;
  /** How the fault ends; undefined: by itself. */
  readonly mend?: Fault;
}

export const KINDS: readonly Kind[] = [
  { what: "deleted", fault: deletePod },
  { what: "killed", fault: killContainer, mend: replace },
  { what: "frozen", fault: freeze, mend: thaw },
  { what: "not Ready", fault: failProbe, mend: mendProbe },
  { what: "cut off", fault: cutOff, mend: reconnect },
];

/** Longer than the kubelet's own rounds, in which it brings files up to date that it has forgotten about. */
const settleDeadlineMs = 150_000;
/** How long a fault lasts after the next writer has written. */
const beyondMs = 1_000;
const pollMs = 20;

export interface FailOver {
  readonly what: string;
  readonly faultAtMs: number;
  /** From the fault to the next writer's label. */
  readonly labelledAfterMs: number;
  /** From its label until its files say so. */
  readonly toldAfterMs: number;
  /** Whether the token has. */
  readonly hasGrown: boolean;
}

const until = (what: string, isTrue: () => boolean): Promise<true> =>
  poll(() => Promise.resolve(isTrue() ? true : undefined), { what, everyMs: pollMs, deadlineMs: settleDeadlineMs });

/** Where everything is slow, a probe may fail by itself, and there is one more fail-over than was asked for. */
const leadsAgain = ({ observer }: Stage, uid: string): boolean =>
  observer.revisions.findLast(({ object }) => object.metadata.uid === uid)?.object.metadata.labels?.[
    ROLES.roleLabel
  ] === ROLES.leader;

/** @throws when a step of what follows the fault takes longer than two and a half minutes. */
export const failOver = async (stage: Stage, { books }: Register, { what, fault, mend }: Kind): Promise<FailOver> => {
  const { node, lock } = stage;
  const before = await waitForWriter(node, lock, { deadlineMs: settleDeadlineMs });
  const { victim, faultAtMs, after, labelledAfterMs } = await strike(stage, before, fault);
  const next = writersOf(after)[0]?.uid ?? "";
  await until("the next writer, or one after it, to write", () =>
    Object.values(books).every(({ accepted }) => accepted.some(({ token }) => token >= tokenOf(after))),
  );
  const toldAfterMs = (toldAtMs(node, next) ?? Number.NaN) - faultAtMs - labelledAfterMs;
  await setTimeout(beyondMs);
  await mend?.(node, victim);
  await podsReady(node, lock.namespace);
  const { uid } = victim.pod;
  await until(
    "the old writer to hear that it is one",
    () => roleTold(node, uid) !== ROLES.leader || leadsAgain(stage, uid),
  );
  return { what, faultAtMs, labelledAfterMs, toldAfterMs, hasGrown: tokenOf(after) > tokenOf(before) };
};
