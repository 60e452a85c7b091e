/** A bystander may get the stamp of a record into which somebody has written it, once, and nothing else; nobody gets one of a record that does not know it. */
import { expect, test } from "vitest";
import { LEASES, PODS } from "../../functions/kit/kube/request.ts";
import type { Revision } from "../../infra/lab/memory/object.ts";
import { watchIsolation } from "./isolation.ts";
import { FUNCTION_USER } from "./world.ts";

const STAMP = { "bellwether.dev/election.epoch": "7", "bellwether.dev/election.record": "record" };
const POD = { name: "bystander-0", uid: "pod", resourceVersion: "1", labels: { app: "bystander" } };

const lease = (holderUid: string, user = "tester"): Partial<Revision> => ({
  resource: LEASES,
  writer: { user, manager: user },
  object: {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: "lease-a",
      uid: "record",
      resourceVersion: "2",
      annotations: { "bellwether.dev/holder-uid": holderUid },
    },
  },
});

const POD_KIND = { apiVersion: "v1", kind: "Pod" };

const write = (changed: object, spec: object = {}): Partial<Revision> => ({
  resource: PODS,
  previous: { ...POD_KIND, metadata: POD, spec: {} },
  object: { ...POD_KIND, metadata: { ...POD, ...changed }, spec },
});

const problemsOf = (revisions: readonly Partial<Revision>[]): readonly string[] => {
  const problems: string[] = [];
  const onRevision = (listener: (revision: Revision) => void): (() => void) => {
    for (const revision of revisions)
      listener({ resourceVersion: "9", writer: { user: FUNCTION_USER }, ...revision } as Revision);
    return () => undefined;
  };
  watchIsolation({ api: { onRevision }, ways: [{ names: { feature: "election" } }], problems });
  return problems;
};

const TRESPASS = "S19: revision 9: wrote pods/bystander-0";
const FOREIGN = "S19: revision 9: bystander-0 stamped by the record of another group";

test("the stamp of a record into which somebody has written it is no trespass", () => {
  expect(problemsOf([lease("pod"), write({ annotations: STAMP })])).toEqual([]);
});

test("that of a record into which we have is one", () => {
  expect(problemsOf([lease("pod", FUNCTION_USER), write({ annotations: STAMP })])).toEqual([TRESPASS]);
});

test("so is that of a record which has moved on since", () => {
  const moved = lease("another", FUNCTION_USER);
  const before = lease("pod");
  expect(problemsOf([before, { ...moved, previous: before.object }, write({ annotations: STAMP })])).toEqual([
    TRESPASS,
  ]);
});

test("so is a second one of the same record", () => {
  const stamped = write({ annotations: STAMP });
  const again = {
    ...write({ annotations: { ...STAMP, "bellwether.dev/election.epoch": "8" } }),
    previous: stamped.object,
  };
  expect(problemsOf([lease("pod"), stamped, again as Partial<Revision>])).toEqual([TRESPASS]);
});

test("the stamp of a record that never named it is one", () => {
  expect(problemsOf([lease("another"), write({ annotations: STAMP })])).toEqual([TRESPASS, FOREIGN]);
});

test("so is, for a pod of no group, that of a record of no group", () => {
  const pod = { ...POD, name: "seta-0" };
  expect(problemsOf([lease("another"), write({ ...pod, annotations: STAMP })])).toEqual([
    FOREIGN.replace("bystander", "seta"),
  ]);
});

test.each([
  ["a label", write({ annotations: STAMP, labels: { app: "bystander", "sts-role": "reader" } })],
  ["another annotation", write({ annotations: { ...STAMP, "bellwether.dev/election.token": "7" } })],
  ["a finalizer", write({ annotations: STAMP, finalizers: ["bellwether.dev/election"] })],
  ["its spec", write({ annotations: STAMP }, { nodeName: "other" })],
])("%s is one, whoever names it", (_what, revision) => {
  expect(problemsOf([lease("pod"), revision])).toEqual([TRESPASS]);
});
