/** What only a foreign write can have done, told from our own unfinished work. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { contestFindings } from "../../../functions/kit/handover/contest.ts";
import type { RoleNames } from "../../../functions/kit/handover/names.ts";
import type { KubeObject, ManagedFieldsEntry } from "../../../functions/kit/kube/object.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import { aBareLease, aLease, aPod, aReader, aWriter, NOW, seen } from "../support/builders.ts";

const ROLE_BY_KUBECTL: ManagedFieldsEntry = {
  manager: "kubectl-label",
  fieldsV1: { "f:metadata": { "f:labels": { "f:sts-role": {} } } },
};
const RENEWED_BY = (manager: string): ManagedFieldsEntry => ({
  manager,
  fieldsV1: { "f:spec": { "f:renewTime": {} } },
});

const DURATION_BY_KUBECTL: ManagedFieldsEntry = {
  manager: "kubectl-edit",
  fieldsV1: { "f:spec": { "f:leaseDurationSeconds": {} } },
};
const ANOTHER_LABEL_BY_HELM: ManagedFieldsEntry = {
  manager: "helm",
  fieldsV1: { "f:metadata": { "f:labels": { "f:app": {} } } },
};

const messages = (
  pods: readonly KubeObject[],
  lease: KubeObject | undefined = aLease(),
  names: RoleNames = ROLES,
): string => {
  const record = lease === undefined ? undefined : viewRecord(lease, NOW);
  const findings = contestFindings({ names, record, lease, pods: pods.map((pod) => seen(pod)) });
  return findings.map(({ type, status, reason, message }) => `${type}=${status} ${reason} ${message}`).join("\n");
};

test.each<[string, readonly KubeObject[], KubeObject | undefined]>([
  ["a group at rest", [aWriter(), aReader({ name: "db-1" })], aLease()],
  ["the old writer, not fenced yet", [aWriter({ epoch: 5 })], aLease({ holder: "db-1" })],
  ["the holder, enrolled but not promoted yet", [aReader()], aLease()],
  ["a pod without stamp", [aPod({ name: "db-1", role: "writer" })], aLease()],
  ["a stamp of this epoch under another Lease", [aWriter({ name: "db-1", record: "old" })], aLease()],
  ["no record", [aWriter()], undefined],
  ["a group that nobody leads", [aReader(), aReader({ name: "db-1" })], aLease({ holder: null })],
  ["a Lease of which another manager owns something else", [], aLease({ managedFields: [DURATION_BY_KUBECTL] })],
  ["a record that we renew", [], aLease({ managedFields: [RENEWED_BY("bellwether")] })],
])("not contested: %s", (_title, pods, lease) => {
  expect(messages(pods, lease)).toBe("");
});

test.each<[string, readonly KubeObject[], string]>([
  [
    "a second writer",
    [aWriter(), aReader({ name: "db-1", role: "writer", managedFields: [ROLE_BY_KUBECTL] })],
    'pod db-1: label sts-role was made "writer" by "kubectl-label"',
  ],
  ["a writer turned reader", [aWriter({ role: "reader" })], 'pod db-0: label sts-role was made "reader" by somebody'],
  [
    "a writer turned reader where another manager owns other labels",
    [aWriter({ role: "reader", managedFields: [ANOTHER_LABEL_BY_HELM] })],
    'pod db-0: label sts-role was made "reader" by somebody',
  ],
  ["a label taken off", [aWriter({ role: undefined })], "pod db-0: label sts-role was made null by somebody"],
])("contested: %s, and by whom", (_title, pods, message) => {
  expect(messages(pods)).toBe(
    `Contested=True ForeignWrites another controller or person changes what is ours: ${message}`,
  );
});

test("contested: another operator renews our Lease", () => {
  const lease = aLease({ managedFields: [RENEWED_BY("bellwether"), RENEWED_BY("manager")] });
  expect(messages([], lease)).toContain('Lease db-lease is also renewed by "manager"');
});

test("a Lease that is only about to be adopted is not contested", () => {
  const lease = aBareLease();
  expect(messages([], { ...lease, metadata: { ...lease.metadata, managedFields: [RENEWED_BY("manager")] } })).toBe("");
});

test("contested: a writer's label while nobody leads", () => {
  expect(messages([aReader({ role: "writer" })], aLease({ holder: null }))).toContain('was made "writer" by somebody');
});

test("where followers carry no label, none is what is expected of them", () => {
  const names = { ...ROLES, follower: null };
  expect(messages([aWriter(), aReader({ name: "db-1", role: undefined })], aLease(), names)).toBe("");
  expect(messages([aWriter(), aReader({ name: "db-1" })], aLease(), names)).toContain('was made "reader" by somebody');
});

test("a record whose Lease was not read tells nothing of who renews it", () => {
  const record = viewRecord(aLease(), NOW);
  expect(contestFindings({ names: ROLES, record, lease: undefined, pods: [] })).toEqual([]);
});
