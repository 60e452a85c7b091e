/**
 * Stories in scenarios.txt: what is observed above the line, what is decided and written below it. `UPDATE=1` rewrites the part
 * below; commit a rewrite only if you can explain it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { elect } from "../../../functions/election/decide.ts";
import { ROLES } from "../../../functions/election/labels.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import { planEnrolment, type Observed, type Step } from "../../../functions/kit/handover/plan.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import {
  aPod,
  aRecord,
  EPOCH,
  lockView,
  NOW,
  seen,
  SET_UID,
  THE_SET,
  type LockOptions,
  type PodOptions,
} from "../support/builders.ts";
import { applyStep, runToRest } from "../support/group-model.ts";

const FILE = new URL("scenarios.txt", import.meta.url);
const LINE = "----";

interface Scenario {
  readonly title: string;
  readonly given: string;
  readonly expected: string;
}

const parseScenario = (text: string): Scenario => {
  const [title = "", ...lines] = text.trimEnd().split("\n");
  const at = lines.indexOf(LINE);
  if (at < 0)
    throw new Error(
      `scenario ${JSON.stringify(title)}: got no ${LINE}, accepted is one between what is given and expected`,
    );
  return { title, given: lines.slice(0, at).join("\n"), expected: lines.slice(at + 1).join("\n") };
};

/** What a word of a pod's line means; any other word is an error. */
const WORDS: Readonly<Record<string, PodOptions>> = {
  ready: { ready: true },
  terminating: { terminating: true },
  finished: { phase: "Failed" },
  new: { group: null },
  left: { labels: { app: "left" } },
  writer: { role: "writer" },
  reader: { role: "reader" },
  stamped: { epoch: EPOCH },
  older: { epoch: EPOCH - 60 },
  ahead: { epoch: EPOCH + 60 },
  token: { token: String(EPOCH) },
};

const wordOf = (word: string): PodOptions => {
  if (word.startsWith("priority=")) return { priority: word.slice("priority=".length) };
  const options = WORDS[word];
  if (options === undefined)
    throw new Error(`pod: got ${JSON.stringify(word)}, accepted are priority=<n>, ${Object.keys(WORDS).join(", ")}`);
  return options;
};

const podOf = ([name = "", ...words]: readonly string[]): Candidate =>
  seen(aPod(Object.assign({ name, ready: false }, ...words.map((word) => wordOf(word)))));

const recordOf = ([, holder = "", state]: readonly string[]): RecordView => {
  if (state === "gone") return aRecord({ holder, holderUid: "uid-of-old-pod" });
  const record = aRecord({ holder });
  return state === "adopted"
    ? { ...record, holder: { name: holder, uid: "" }, epoch: undefined, acquireTime: undefined }
    : record;
};

const lockOf = (lines: readonly (readonly string[])[]): LockOptions => {
  const switchover = lines.find(([head]) => head === "switchover")?.[1];
  const paused = lines.some(([head]) => head === "paused");
  return { spec: { paused }, ...(switchover === undefined ? {} : { switchoverTo: switchover }) };
};

const HEADS: ReadonlySet<string> = new Set(["record", "switchover", "paused"]);

const observedIn = (lines: readonly (readonly string[])[]): Observed<Candidate> => {
  const record = lines.find(([head]) => head === "record");
  return {
    names: ROLES,
    group: SET_UID,
    record: record === undefined ? undefined : recordOf(record),
    pods: lines.filter(([head = ""]) => !HEADS.has(head)).map((words) => podOf(words)),
    epochSeen: 0,
    now: NOW,
  };
};

const named = (changes: readonly { readonly pod: Candidate }[]): string =>
  changes.map(({ pod }) => pod.name).join(", ");

const stepText = (step: Step<Candidate>): string => {
  switch (step.kind) {
    case "enrol":
    case "fence":
      return `${step.kind} ${named(step.changes)}`;
    case "record":
      return `record ${step.change.holder?.name ?? "nobody"}, new epoch, transitions ${step.change.leaseTransitions}`;
    case "promote":
      return `promote ${step.change.pod.name}`;
    case "settled":
    case "restart":
      return step.kind;
  }
};

/** Enrols, elects, and carries the hand-over to rest, as a run does. */
const tell = (given: string): string => {
  const lines = given.split("\n").map((line) => line.split(" "));
  const start = observedIn(lines);
  const changes = planEnrolment(start);
  const enrolled = applyStep(start, { kind: "enrol", changes }).at(-1)?.after ?? start;
  const election = elect({ lock: lockView(lockOf(lines)), set: THE_SET, record: start.record, pods: enrolled.pods });
  const target = election.kind === "lead" ? election.target : undefined;
  const { writes } = target === undefined ? { writes: [] } : runToRest(enrolled, { kind: "pod", uid: target.uid });
  const steps = new Set(writes.map(({ step }) => stepText(step)));
  return [
    ...(changes.length > 0 ? [`  enrol ${named(changes)}`] : []),
    target === undefined ? election.reason : `${election.reason} ${target.name}`,
    ...election.findings.map(({ type, reason }) => `  report ${type} ${reason}`),
    ...[...steps].map((step) => `  ${step}`),
  ].join("\n");
};

const scenarios = readFileSync(FILE, "utf8")
  .split(/^=== /m)
  .slice(1)
  .map((text) => parseScenario(text));

if (process.env["UPDATE"] === "1") {
  const told = scenarios.map(({ title, given }) => `=== ${title}\n${given}\n${LINE}\n${tell(given)}\n`);
  writeFileSync(FILE, told.join("\n"));
}

test.each(scenarios)("scenario: $title", ({ given, expected }) => {
  expect(tell(given)).toBe(process.env["UPDATE"] === "1" ? tell(given) : expected);
});

test("no scenario is told twice", () => {
  expect(new Set(scenarios.map(({ title }) => title)).size).toBe(scenarios.length);
});
