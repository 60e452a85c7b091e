/**
 * LeaderStatusChecker with one thing left out: wrappers around `judge`, which the test puts in its place (`vi.mock`), and around the
 * questions. They change nothing while no variant is chosen. What all features have in common is weakened by `../weakening.ts`.
 */
import type { Asker, LeaderAnswer } from "../../../functions/roles/ask/ask.ts";
import type { Target } from "../../../functions/roles/ask/address.ts";
import type { judge } from "../../../functions/roles/decide.ts";

export const ROLES_VARIANTS = [
  { name: "silence-denies", leavesOut: "silence: who does not answer counts as a follower", breaks: "roles" },
  { name: "no-majority", leavesOut: "the majority that a silent leader is left for", breaks: "roles" },
  { name: "first-claimant", leavesOut: "the views that decide between several claimants", breaks: "roles" },
  { name: "old-answers", leavesOut: "the order: answers may be older than the record", breaks: "roles" },
] as const;

export type RolesVariant = (typeof ROLES_VARIANTS)[number]["name"];

/** How many questions old an answer may be. */
const KEPT_QUESTIONS = 3;

let chosen: RolesVariant | undefined;

/** The next simulation lacks what the variant leaves out; undefined: nothing. */
export const chooseRoles = (variant: RolesVariant | undefined): void => {
  chosen = variant;
};

const denying = (answer: LeaderAnswer): LeaderAnswer =>
  answer.kind === "silent" ? { kind: "answered", leads: false } : answer;

const claims = (answer: LeaderAnswer | undefined): boolean => answer?.kind === "answered" && answer.leads;

/** Only the first one is heard to claim. */
const firstOnly = (leads: ReadonlyMap<string, LeaderAnswer>): ReadonlyMap<string, LeaderAnswer> => {
  const first = [...leads].find(([, answer]) => claims(answer))?.[0];
  return new Map(
    [...leads].map(([uid, answer]) => [
      uid,
      claims(answer) && uid !== first ? { kind: "answered", leads: false } : answer,
    ]),
  );
};

export const weakJudge =
  (real: typeof judge): typeof judge =>
  (scene, answers) => {
    if (chosen === "no-majority") return real({ ...scene, set: { ...scene.set, replicas: 1 } }, answers);
    const leads = chosen === "first-claimant" ? firstOnly(answers.leads) : answers.leads;
    return real(scene, { ...answers, leads });
  };

/** Gives the answers of an earlier question to the same pods, a few times. */
const remembering = ({ leaderStatus, servers }: Asker): Asker => {
  const kept = new Map<string, { left: number; readonly answers: readonly LeaderAnswer[] }>();
  return {
    servers,
    leaderStatus: async (targets: readonly Target[], options) => {
      const key = targets.map(({ host }) => host).join();
      const known = kept.get(key);
      if (known !== undefined && known.left > 0) {
        known.left -= 1;
        return known.answers;
      }
      const answers = await leaderStatus(targets, options);
      kept.set(key, { left: KEPT_QUESTIONS, answers });
      return answers;
    },
  };
};

export const weakAsker = (asker: Asker): Asker => {
  if (chosen === "old-answers") return remembering(asker);
  if (chosen !== "silence-denies") return asker;
  return {
    ...asker,
    leaderStatus: async (targets, options) => (await asker.leaderStatus(targets, options)).map(denying),
  };
};
