/** The judgement of an audit log: what it accepts of the function's account, and what it finds. */
import { expect, test } from "vitest";
import type { AuditEvent } from "../../../infra/lab/audit.ts";
import { judgeOwnWrites, type OwnGroup } from "../../integration/support/own-writes.ts";

const GROUP: OwnGroup = { namespace: "data", name: "lock", leaseName: "lease", statefulSetName: "db" };
const CONDITIONS = { uid: "u", resourceVersion: "7" };
const OWN = "system:serviceaccount:bellwether:bellwether";

interface Write {
  readonly verb: string;
  readonly resource: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly body?: unknown;
  readonly user?: string;
}

const event = ({ verb, resource, name, namespace = "data", body, user = OWN }: Write): AuditEvent => ({
  stage: "ResponseComplete",
  verb,
  requestURI: `/${namespace}/${resource}/${name ?? ""}`,
  user: { username: user },
  objectRef: { resource, namespace, ...(name !== undefined && { name }) },
  requestObject: body,
  requestReceivedTimestamp: "",
  stageTimestamp: "",
});

const judged = (write: Write): readonly [unconditional: number, elsewhere: number] => {
  const { unconditional, elsewhere } = judgeOwnWrites([event(write)], [GROUP]);
  return [unconditional.length, elsewhere.length];
};

const patch = (metadata: unknown, rest: Partial<Write> = {}): Write => ({
  verb: "patch",
  resource: "pods",
  name: "db-0",
  body: { metadata },
  ...rest,
});

test.each<[string, Write]>([
  ["a conditional patch of a member", patch(CONDITIONS)],
  ["a conditional patch of the lock", patch(CONDITIONS, { resource: "statefulsetlocks", name: "lock" })],
  ["the creation of the Lease", { verb: "create", resource: "leases", body: { metadata: { name: "lease" } } }],
  [
    "a conditional deletion of the Lease",
    { verb: "delete", resource: "leases", name: "lease", body: { preconditions: CONDITIONS } },
  ],
  [
    "an Event about the lock",
    { verb: "create", resource: "events", body: { regarding: { kind: "StatefulSetLock", name: "lock" } } },
  ],
])("accepts %s", (_what, write) => {
  expect(judged(write)).toEqual([0, 0]);
});

test.each<[string, Write]>([
  ["a patch without any", patch(undefined)],
  ["a patch with the uid alone", patch({ uid: "u" })],
  ["a patch with the resourceVersion alone", patch({ resourceVersion: "7" })],
  ["a patch with an empty resourceVersion", patch({ uid: "u", resourceVersion: "" })],
  [
    "a deletion whose conditions are not where they count",
    patch(CONDITIONS, { verb: "delete", resource: "leases", name: "lease" }),
  ],
])("finds %s as unconditional", (_what, write) => {
  expect(judged(write)[0]).toBe(1);
});

test.each<[string, Write]>([
  ["a pod of another set", patch(CONDITIONS, { name: "other-0" })],
  ["a pod of a set whose name only begins so", patch(CONDITIONS, { name: "db-x-0" })],
  ["a pod of another namespace", patch(CONDITIONS, { namespace: "elsewhere" })],
  ["the StatefulSet", patch(CONDITIONS, { resource: "statefulsets", name: "db" })],
  ["another Lease", patch(CONDITIONS, { resource: "leases", name: "db" })],
  ["another lock", patch(CONDITIONS, { resource: "statefulsetlocks", name: "other" })],
  ["the deletion of a pod", { verb: "delete", resource: "pods", name: "db-0", body: { preconditions: CONDITIONS } }],
  ["an Event about a pod", { verb: "create", resource: "events", body: { regarding: { kind: "Pod", name: "lock" } } }],
])("finds a write to what is not the group's own: %s", (_what, write) => {
  expect(judged(write)[1]).toBe(1);
});

test("counts what was asked for by the function's account alone", () => {
  const events = [
    event(patch(CONDITIONS)),
    event(patch(undefined, { user: "admin" })),
    event({ verb: "get", resource: "pods" }),
  ];
  expect(judgeOwnWrites(events, [GROUP])).toEqual({ count: 1, unconditional: [], elsewhere: [] });
});
