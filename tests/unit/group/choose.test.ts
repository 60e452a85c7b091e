/** The sticky choice for names and an order that are not the election's: what the kit promises to every feature. */
import { expect, test } from "vitest";
import { choose, type Choice } from "../../../functions/kit/handover/choose.ts";
import { viewRecord, type RecordView } from "../../../functions/kit/handover/model.ts";
import { stampEpochAnnotation, stampRecordAnnotation, type RoleNames } from "../../../functions/kit/handover/names.ts";
import { viewCandidate, type Candidate } from "../../../functions/kit/pods/candidate.ts";
import { aLease, aPod, LEASE_UID, NOW, type LeaseOptions } from "../support/builders.ts";

const NAMES: RoleNames = { feature: "other", roleLabel: "example.test/duty", leader: "on", follower: null };
const GROUP = "a-group";

interface Shape {
  readonly role?: string;
  readonly epoch?: number;
  readonly createdAt?: string;
  readonly ready?: boolean;
  readonly group?: string;
  readonly member?: boolean;
}

const pod = (
  name: string,
  { role, epoch, createdAt = "", ready = true, group = GROUP, member = true }: Shape = {},
): Candidate => {
  const raw = aPod({
    name,
    ready,
    labels: { "bellwether.dev/other": group, ...(role ? { [NAMES.roleLabel]: role } : {}) },
  });
  const stamp =
    epoch === undefined
      ? {}
      : { [stampEpochAnnotation("other")]: String(epoch), [stampRecordAnnotation("other")]: LEASE_UID };
  const metadata = { ...raw.metadata, creationTimestamp: createdAt, annotations: stamp };
  return viewCandidate({ ...raw, metadata }, NAMES, { member, now: NOW });
};
const record = (options: LeaseOptions): RecordView => viewRecord(aLease(options), NOW);

/** The youngest first: nobody's order but this test's. */
const order = (one: Candidate, other: Candidate): number => (one.createdAt > other.createdAt ? -1 : 1);
const ask = (pods: readonly Candidate[], held?: RecordView): Choice =>
  choose({ names: NAMES, group: GROUP, record: held, pods, order });
const said = (choice: Choice): string => {
  switch (choice.kind) {
    case "keep":
      return `${choice.target.name} kept by ${choice.by}`;
    case "move":
      return `${choice.target.name} ${choice.reason}`;
    case "none":
      return "none";
  }
};

const OLD = pod("old", { createdAt: "2025-01-01T00:00:00Z" });
const YOUNG = pod("young", { createdAt: "2025-06-01T00:00:00Z" });

test.each<[string, readonly Candidate[], RecordView | undefined, string]>([
  ["the feature's order decides", [OLD, YOUNG], undefined, "young FirstElection"],
  ["whoever the record names stays, whatever the order", [OLD, YOUNG], record({ holder: "old" }), "old kept by record"],
  [
    "without a record the feature's own label counts",
    [pod("old", { role: "on" }), YOUNG],
    undefined,
    "old kept by label",
  ],
  ["and not another value of it", [pod("old", { role: "writer" }), YOUNG], undefined, "young FirstElection"],
  [
    "of several with the label the highest stamp of this feature stays",
    [pod("old", { role: "on", epoch: 9 }), pod("young", { role: "on", epoch: 5, createdAt: "2025-06-01T00:00:00Z" })],
    undefined,
    "old kept by label",
  ],
  [
    "a holder that is not Ready is replaced",
    [pod("old", { ready: false }), YOUNG],
    record({ holder: "old" }),
    "young HolderNotReady",
  ],
  ["nor one that is no member", [pod("old", { member: false }), YOUNG], record({ holder: "old" }), "young HolderLeft"],
  ["who is enrolled in another group cannot lead", [pod("old", { group: "another" })], undefined, "none"],
  ["nobody can lead", [pod("old", { ready: false })], record({ holder: "old" }), "none"],
])("%s", (_title, pods, held, expected) => {
  expect(said(ask(pods, held))).toBe(expected);
  expect(said(ask(pods.toReversed(), held))).toBe(expected);
});
