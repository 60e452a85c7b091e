/** What leaves the cluster in a recording: everything that the checker reads, and nothing that may be secret. */
import { expect, test } from "vitest";
import { judge } from "../../../functions/kit/history/judge.ts";
import { ROLES } from "../../../functions/election/labels.ts";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { redacted } from "../../../infra/observe/redact.ts";
import { labelOf, STANDBY_STANDARD, standardOf } from "../../../infra/observe/scope.ts";
import { createElected } from "../history/scene.ts";
import { createNarrowed } from "../history/services.ts";

const SECRET = "hunter2";
/** That of an observation. */
const STANDARD = { ...standardOf({ label: labelOf(ROLES), groupBy: "statefulset" }), accountable: "ours" } as const;

const POD: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "db-0",
    namespace: "data",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { role: "leader" },
    annotations: {
      "bellwether.dev/election.token": "10",
      "kubectl.kubernetes.io/last-applied-configuration": `{"env":"${SECRET}"}`,
    },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "s", controller: true }],
    managedFields: [
      {
        manager: "kubectl",
        operation: "Update",
        time: "2026-01-01T00:00:00Z",
        fieldsV1: {
          "f:metadata": {
            "f:labels": { "f:role": {} },
            "f:annotations": { "f:bellwether.dev/election.token": {}, "f:secret-annotation": {} },
          },
          "f:spec": { 'k:{"name":"SECRET_VARIABLE"}': {} },
        },
      },
    ],
  },
  spec: { containers: [{ name: "main", env: [{ name: "SECRET_VARIABLE", value: SECRET }] }] },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True", message: SECRET }],
    containerStatuses: [{ name: SECRET }],
  },
};

test("neither values nor names of environment variables, nor other people's annotations, are left of a pod", () => {
  const text = JSON.stringify(redacted(POD));
  expect(text.toLowerCase()).not.toMatch(/hunter2|secret/);
});

test("identity, labels, our annotations, owners, managers of these, phase and conditions are left", () => {
  expect(redacted(POD)).toEqual({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...POD.metadata,
      annotations: { "bellwether.dev/election.token": "10" },
      managedFields: [
        {
          manager: "kubectl",
          operation: "Update",
          time: "2026-01-01T00:00:00Z",
          fieldsV1: {
            "f:metadata": {
              "f:labels": { "f:role": {} },
              "f:annotations": { "f:bellwether.dev/election.token": {} },
            },
          },
        },
      ],
    },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
});

/** As the API server attributes writes: in whole seconds, here all in the same one. */
const inOneSecond = (revision: Revision): Revision => {
  const { metadata } = revision.object;
  const managedFields = (metadata.managedFields ?? []).map(({ manager = "", operation = "", fieldsV1 }) => ({
    manager,
    operation,
    time: "2026-01-01T00:00:00Z",
    fieldsV1,
  }));
  return { ...revision, object: { ...revision.object, metadata: { ...metadata, managedFields } } };
};

const cut = (revision: Revision): Revision => ({ ...revision, object: redacted(revision.object) });

test("a write of ours that changes only the spec of a Lease is known as ours, also within the second of the one before", () => {
  const scene = createElected();
  scene.patch("Lease", "lease", { spec: { leaseTransitions: 5 } });
  const whole = scene.revisions.map(inOneSecond);
  const verdict = judge(whole, STANDARD);
  expect(verdict.violations.map(({ invariant, message }) => `${invariant} ${message}`)).toEqual([
    "S9 leaseTransitions went from 0 to 5 with the same holder",
  ]);
  expect(judge(whole.map(cut), STANDARD)).toEqual(verdict);
});

test("the checker finds the same in what is left", () => {
  const scene = createElected();
  scene.create("StatefulSetLock", "lock", {
    spec: { statefulSetName: "db", leaseName: "lease", leaseDurationSeconds: 30 },
    by: "kubectl",
  });
  scene.setReady("db-0", true);
  scene.patch("Lease", "lease", { spec: { renewTime: "2026-01-01T00:01:00.000000Z" } });
  scene.assign("db-1", 11, { spec: { leaseTransitions: 5 } });
  scene.promote("db-1", 10);
  scene.patch("Pod", "db-0", { labels: { "sts-role": "writer" }, by: "kubectl-label" });
  const verdict = judge(scene.revisions.map(cut), STANDARD);
  expect(new Set(verdict.violations.map(({ invariant }) => invariant))).toEqual(new Set(["S1", "S3", "S4", "S9"]));
  expect(verdict).toEqual(scene.verdict());
});

test("of a Service only the selector is left, of a slice whom it leads to; the checker finds the same in it", () => {
  const history = createNarrowed();
  history.slice("db-a", { "db-0": true, "db-1": true });
  expect(history.found()).toHaveLength(1);
  expect(judge(history.revisions.map(cut), STANDBY_STANDARD)).toEqual(history.verdict());
  const annotations = { "qoqo.dev/service-mode": "active-standby", "example.com/note": SECRET };
  const metadata = { ...POD.metadata, annotations };
  const spec = { selector: { app: "db" }, externalName: SECRET };
  expect(redacted({ apiVersion: "v1", kind: "Service", metadata, spec })).toMatchObject({
    metadata: { annotations: { "qoqo.dev/service-mode": "active-standby" } },
    spec: { selector: { app: "db" } },
  });
  const endpoints = [{ addresses: ["10.0.0.1"], conditions: { ready: true }, nodeName: SECRET }];
  const slice = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata, endpoints, ports: [SECRET] };
  const texts = [{ apiVersion: "v1", kind: "Service", metadata, spec }, slice].map((object) =>
    JSON.stringify(redacted(object)),
  );
  expect(texts.join("")).not.toContain(SECRET);
});
