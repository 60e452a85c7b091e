/** What holds of every verdict, whoever says what. */
import {
  assert,
  constant,
  constantFrom,
  integer,
  option,
  pre,
  property,
  record,
  shuffledSubarray,
  tuple,
  array,
  type Arbitrary,
} from "fast-check";
import { expect, test } from "vitest";
import { ableAmong, judge, type Answers, type Scene, type Verdict } from "../../../functions/roles/decide.ts";
import { plan, type Observed, type Target } from "../../../functions/kit/handover/plan.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { ROLES } from "../../../functions/roles/labels.ts";
import { aCandidate, aRecordOf, aSetOf, GROUP, heard, viewed } from "../../unit/roles/scene.ts";
import { runToRest } from "../../unit/support/group-model.ts";

const NAMES = ["db-0", "db-1", "db-2", "db-3", "db-4"];

const aWord = constantFrom("yes", "no", "no answer within 1000 ms");
const aView = option(constantFrom("", "db-0", "db-1", "db-2", "db-0 db-1"), { nil: undefined });

const aPod = (name: string): Arbitrary<Candidate> =>
  record({
    ready: constantFrom(true, true, true, false),
    terminating: constantFrom(false, false, false, true),
    member: constantFrom(true, true, true, false),
    role: constantFrom("leader", "follower", undefined),
    token: constantFrom(undefined, undefined, "100"),
    stamp: constantFrom({ epoch: 100, record: "uid-of-lease" }, undefined),
  }).map((over) => aCandidate(name, over));

interface Case {
  readonly scene: Scene;
  readonly answers: Answers;
}

const aCase: Arbitrary<Case> = integer({ min: 1, max: NAMES.length }).chain((count) => {
  const names = NAMES.slice(0, count);
  return record({
    replicas: integer({ min: 0, max: 6 }),
    firstOrdinal: constantFrom(0, 0, 1, 3),
    holder: constantFrom(...names, undefined, "gone-0"),
    hasRecord: constantFrom(true, true, false),
    pods: tuple(...names.map(aPod)),
    words: array(aWord, { minLength: count, maxLength: count }),
    views: array(aView, { minLength: count, maxLength: count }),
  }).map(({ replicas, firstOrdinal, holder, hasRecord, pods, words, views }) => ({
    scene: { set: aSetOf(replicas, firstOrdinal), record: hasRecord ? aRecordOf(holder) : undefined, pods },
    answers: {
      leads: new Map(names.map((name, at) => [`uid-of-${name}`, heard(words[at] ?? "")])),
      views: new Map(names.map((name, at) => [`uid-of-${name}`, viewed(views[at])])),
    },
  }));
});

/** All can lead and answer, most claim. */
const aContest: Arbitrary<Case> = record({
  replicas: integer({ min: 1, max: 5 }),
  firstOrdinal: constantFrom(0, 0, 1, 3),
  words: array(constantFrom("yes", "yes", "no"), { minLength: NAMES.length, maxLength: NAMES.length }),
  views: array(constantFrom("db-0", "db-0", "db-4", ""), { minLength: NAMES.length, maxLength: NAMES.length }),
}).map(({ replicas, firstOrdinal, words, views }) => ({
  scene: {
    set: aSetOf(replicas, firstOrdinal),
    record: aRecordOf(undefined),
    pods: NAMES.map((name) => aCandidate(name)),
  },
  answers: {
    leads: new Map(NAMES.map((name, at) => [`uid-of-${name}`, heard(words[at] ?? "")])),
    views: new Map(NAMES.map((name, at) => [`uid-of-${name}`, viewed(views[at])])),
  },
}));

const inAnyOrder = aCase.chain((input) =>
  tuple(
    constant(input),
    shuffledSubarray([...input.scene.pods], { minLength: input.scene.pods.length }),
    shuffledSubarray([...input.answers.leads], { minLength: input.answers.leads.size }),
    shuffledSubarray([...input.answers.views], { minLength: input.answers.views.size }),
  ),
);

const saysYes = ({ leads }: Answers, uid: string): boolean => {
  const answer = leads.get(uid);
  return answer?.kind === "answered" && answer.leads;
};

test("the order of pods and answers changes nothing, not a word", () => {
  assert(
    property(inAnyOrder, ([{ scene, answers }, pods, leads, views]) => {
      const verdict = judge({ ...scene, pods }, { leads: new Map(leads), views: new Map(views) });
      const { findings, ...rest } = judge(scene, answers);
      const { findings: others, ...other } = verdict;
      expect(other).toEqual(rest);
      // Findings about annotations list pods as they come.
      expect(others.map(({ reason }) => reason)).toEqual(findings.map(({ reason }) => reason));
    }),
  );
});

test("nobody leads who is not Ready, is terminating, or is no member", () => {
  assert(
    property(aCase, ({ scene, answers }) => {
      const verdict = judge(scene, answers);
      pre(verdict.kind === "lead");
      expect(ableAmong(scene)).toContain(verdict.target);
    }),
  );
});

test("another leads only if it says so itself, and never one against its own word", () => {
  assert(
    property(aCase, ({ scene, answers }) => {
      const verdict = judge(scene, answers);
      pre(verdict.kind === "lead");
      const { uid } = verdict.target;
      const answer = answers.leads.get(uid);
      expect(answer?.kind === "answered" && !answer.leads).toBe(false);
      expect(verdict.reason === "LeaderKept" || saysYes(answers, uid)).toBe(true);
    }),
  );
});

/** Those among the pods that can lead. */
const replicasAmong = (scene: Scene): readonly Candidate[] => {
  const { firstOrdinal, replicas } = scene.set;
  return ableAmong(scene).filter(({ ordinal }) => ordinal >= firstOrdinal && ordinal - firstOrdinal < replicas);
};

test("a leader that can lead and is silent loses its label only over answers of a majority of the replicas", () => {
  assert(
    property(aCase, ({ scene, answers }) => {
      const present = ableAmong(scene).find(({ uid }) => uid === scene.record?.holder?.uid);
      pre(present !== undefined && answers.leads.get(present.uid)?.kind === "silent");
      const verdict = judge(scene, answers);
      const answered = replicasAmong(scene).filter(({ uid }) => answers.leads.get(uid)?.kind === "answered").length;
      const stays = verdict.kind === "lead" && verdict.target === present;
      expect(stays || answered > scene.set.replicas / 2).toBe(true);
    }),
  );
});

test("of several claimants one leads only over views of a majority of the replicas", () => {
  assert(
    property(aContest, ({ scene, answers }) => {
      pre(scene.pods.filter(({ uid }) => saysYes(answers, uid)).length > 1);
      const verdict = judge(scene, answers);
      pre(verdict.kind === "lead");
      const { name } = verdict.target;
      const votes = replicasAmong(scene).filter(({ uid }) => {
        const view = answers.views.get(uid);
        return view?.kind === "answered" && view.servers.map(({ id }) => id).join() === name;
      });
      expect(votes.length).toBeGreaterThan(scene.set.replicas / 2);
    }),
  );
});

const targetOf = (verdict: Verdict): Target | undefined => {
  if (verdict.kind === "hold") return undefined;
  return verdict.kind === "lead" ? { kind: "pod", uid: verdict.target.uid } : { kind: "nobody" };
};

test("carried out it comes to rest, with at most one label; and asked again the same is decided", () => {
  assert(
    property(aCase, ({ scene, answers }) => {
      const target = targetOf(judge(scene, answers));
      pre(target !== undefined);
      const start: Observed<Candidate> = {
        names: ROLES,
        group: GROUP,
        epochSeen: 0,
        now: Date.UTC(2026, 0, 1),
        ...scene,
      };
      const { last, end } = runToRest(start, target);
      expect(last).toBe("settled");
      const led = end.pods.filter((pod) => pod.role === ROLES.leader || pod.token !== undefined);
      expect(led.filter(({ member }) => member).map(({ uid }) => uid)).toEqual(
        target.kind === "pod" ? [target.uid] : [],
      );
      const again = targetOf(judge({ ...scene, record: end.record, pods: end.pods }, answers));
      expect(again).toEqual(target);
      expect(plan(end, target)).toEqual({ kind: "settled" });
    }),
  );
});
