/** The StatefulSetLock API: what users of the replaced operator rely on, and that the examples are valid. */
import { describe, expect, test } from "vitest";
import { LOCKS } from "../../../functions/election/labels.ts";
import { parseManifests, type Manifest } from "../../../infra/lab/manifests.ts";
import { readCrd } from "./crd.ts";
import { textOf } from "./files.ts";

const { spec, version, required, fields, errorsOf } = readCrd(LOCKS);

const lock = (over: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  apiVersion: "app.anukkrit.me/v1",
  kind: "StatefulSetLock",
  metadata: { name: "db" },
  spec: { statefulSetName: "db", leaseName: "db", leaseDurationSeconds: 30, ...over },
});

describe("the CustomResourceDefinition", () => {
  test("serves the names of the replaced operator", () => {
    expect(spec).toMatchObject({
      group: LOCKS.group,
      scope: "Namespaced",
      names: {
        kind: LOCKS.kind,
        listKind: "StatefulSetLockList",
        plural: LOCKS.plural,
        singular: "statefulsetlock",
        shortNames: ["ssl"],
      },
    });
    expect(spec.versions.map(({ name, subresources }) => ({ name, subresources }))).toEqual([
      { name: LOCKS.version, subresources: { status: {} } },
    ]);
  });

  test("prints the columns of the replaced operator, plus Epoch", () => {
    expect(version?.additionalPrinterColumns).toEqual([
      { name: "StatefulSet", type: "string", jsonPath: ".spec.statefulSetName" },
      { name: "Writer Pod", type: "string", jsonPath: ".status.writerPod" },
      { name: "Lease Duration", type: "integer", jsonPath: ".spec.leaseDurationSeconds" },
      { name: "Epoch", type: "integer", jsonPath: ".status.epoch" },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    ]);
  });

  test("requires what the replaced operator required, and no more", () => {
    expect(required).toEqual(["statefulSetName", "leaseName", "leaseDurationSeconds"]);
  });

  test.each([{}, { leaseDurationSeconds: 1 }, { leaseDurationSeconds: 3600 }, { paused: true }])(
    "accepts a lock with %j",
    (over) => {
      expect(errorsOf(lock(over))).toBeNull();
    },
  );

  test.each([
    { leaseDurationSeconds: 0 },
    { leaseDurationSeconds: 3601 },
    { leaseDurationSeconds: 1.5 },
    { leaseDurationSeconds: undefined },
    { statefulSetName: "" },
    { leaseName: "" },
    { paused: "yes" },
  ])("refuses a lock with %j", (over) => {
    expect(errorsOf(lock(over))).not.toBeNull();
  });
});

test("docs/statefulsetlock.md lists every field of spec and status, and no other", () => {
  const documented = [...textOf("docs/statefulsetlock.md").matchAll(/^\| `(?<field>(?:spec|status)\.\w+)`/gm)];
  expect(documented.map(({ groups }) => groups?.["field"] ?? "").toSorted()).toEqual(fields);
});

describe.each(["examples/database.yaml"])("%s", (file) => {
  const manifests = parseManifests(textOf(file));
  const ofKind = (kind: string): readonly Manifest[] => manifests.filter((manifest) => manifest.kind === kind);

  test("has locks that the CRD accepts, on StatefulSets that are there", () => {
    const locks = ofKind("StatefulSetLock");
    expect(locks).not.toEqual([]);
    for (const example of locks) {
      expect(errorsOf(example)).toBeNull();
      const { statefulSetName } = example["spec"] as { readonly statefulSetName: string };
      expect(ofKind("StatefulSet").map(({ metadata }) => metadata.name)).toContain(statefulSetName);
    }
  });

  test("has no role label in a pod template", () => {
    for (const { spec: set } of ofKind("StatefulSet") as unknown as readonly { readonly spec: SetSpec }[]) {
      expect(set.template.metadata.labels).not.toHaveProperty("sts-role");
      expect(set.template.metadata.labels).toMatchObject(set.selector.matchLabels);
    }
  });

  test("has one Service for the writer and one for the readers", () => {
    const roles = ofKind("Service").flatMap(
      ({ spec: service }) =>
        (service as { readonly selector: Readonly<Record<string, string>> }).selector["sts-role"] ?? [],
    );
    expect(roles.toSorted()).toEqual(["reader", "writer"]);
  });
});

interface SetSpec {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
}
