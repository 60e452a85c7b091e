/** The LeaderStatusChecker API: what users of the replaced operator rely on, and that the documents say the same. */
import { describe, expect, test } from "vitest";
import { CHECKERS, FINALIZER, ROLES } from "../../../functions/roles/labels.ts";
import { viewChecker } from "../../../functions/roles/model.ts";
import {
  enrolmentLabel,
  EPOCH_ANNOTATION,
  FEATURE_LABEL,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
} from "../../../functions/kit/handover/names.ts";
import { readCrd } from "../infra/crd.ts";
import { textOf } from "../infra/files.ts";

const { spec, version, required, fields, errorsOf } = readCrd(CHECKERS);

const SAMPLE = { statefulSetName: "bb-noti", namespace: "default", rpcPort: 8000, localDev: false };

const checker = (over: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  JSON.parse(
    JSON.stringify({
      apiVersion: `${CHECKERS.group}/v1`,
      kind: CHECKERS.kind,
      metadata: { name: "leaderstatuschecker-sample" },
      spec: { ...SAMPLE, ...over },
    }),
  ) as Readonly<Record<string, unknown>>;

const problemsOf = (over: Readonly<Record<string, unknown>>): readonly string[] =>
  viewChecker({ ...checker(over), metadata: { name: "db", uid: "u", resourceVersion: "1" } }, 0).problems;

describe("the CustomResourceDefinition", () => {
  test("serves the names of the replaced operator", () => {
    expect(spec).toMatchObject({
      group: "node-role.bb-noti.io",
      scope: "Namespaced",
      names: {
        kind: "LeaderStatusChecker",
        listKind: "LeaderStatusCheckerList",
        plural: "leaderstatuscheckers",
        singular: "leaderstatuschecker",
        // Ours; the replaced operator had none.
        shortNames: ["lsc"],
      },
    });
    expect([version?.name, version?.subresources, spec.versions.length]).toEqual(["v1", { status: {} }, 1]);
  });

  test("prints the columns of the replaced operator", () => {
    expect(version?.additionalPrinterColumns).toEqual([
      { name: "StatefulSetName", type: "string", jsonPath: ".spec.statefulSetName" },
      { name: "LeaderNode", type: "string", jsonPath: ".status.leaderNode" },
      { name: "LastUpdated", type: "date", jsonPath: ".status.lastUpdated" },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    ]);
  });

  test("requires what the replaced operator required, and no more", () => {
    expect(required).toEqual(["statefulSetName", "namespace", "rpcPort", "localDev"]);
  });

  test.each([
    {},
    { localDev: true },
    { rpcPort: 1 },
    { rpcPort: 65_535 },
    { tls: { secretName: "db-tls" } },
    { tls: { secretName: "db-tls", serverName: "db.example" } },
    { tls: { secretName: "a".repeat(253) } },
    { timeoutMilliseconds: 100 },
    { timeoutMilliseconds: 10_000 },
    { intervalSeconds: 1 },
    { intervalSeconds: 3600 },
    { addressing: "PodIP" },
    { addressing: "DNS" },
  ])("accepts a checker with %j, and so does the function", (over) => {
    expect(errorsOf(checker(over))).toBeNull();
    expect(problemsOf(over)).toEqual([]);
  });

  test.each([{ statefulSetName: "" }, { statefulSetName: "Not_A_Name" }, { namespace: "Not_A_Name" }])(
    "accepts a checker with %j, as the replaced operator did, and the function says what is wrong",
    (over) => {
      expect(errorsOf(checker(over))).toBeNull();
      expect(problemsOf(over)).not.toEqual([]);
    },
  );

  test.each([
    { rpcPort: 0 },
    { rpcPort: -1 },
    { rpcPort: 65_536 },
    { rpcPort: 70_000 },
    { rpcPort: 1.5 },
    { rpcPort: undefined },
    { statefulSetName: undefined },
    { namespace: undefined },
    { localDev: undefined },
    { localDev: "no" },
    { tls: {} },
    { tls: { secretName: "" } },
    { tls: { secretName: "Not_A_Name" } },
    { tls: { secretName: "a".repeat(254) } },
    { tls: { secretName: "db-tls", serverName: "" } },
    { tls: { secretName: "db-tls", serverName: "*.example" } },
    { timeoutMilliseconds: 99 },
    { timeoutMilliseconds: 10_001 },
    { intervalSeconds: 0 },
    { intervalSeconds: 3601 },
    { addressing: "ClusterIP" },
  ])("refuses a checker with %j, and so does the function where one was stored before", (over) => {
    expect(errorsOf(checker(over))).not.toBeNull();
    expect(problemsOf(over)).not.toEqual([]);
  });

  test("has the defaults that the function uses", () => {
    const view = viewChecker({ ...checker({}), metadata: { name: "db", uid: "u", resourceVersion: "1" } }, 0);
    expect(view).toMatchObject({ timeoutMs: 1000, intervalSeconds: 10, addressing: "PodIP", tls: undefined });
    const page = textOf("docs/leaderstatuschecker.md");
    for (const [field, value] of [
      ["timeoutMilliseconds", "1000"],
      ["intervalSeconds", "10"],
      ["addressing", "PodIP"],
    ]) {
      expect(page).toMatch(new RegExp(`\\| \`spec\\.${field}\` .*default \`?${value}\\b`));
    }
  });
});

const PAGE = "docs/leaderstatuschecker.md";

test(`${PAGE} lists every field of spec and status, and no other`, () => {
  const documented = [...textOf(PAGE).matchAll(/^\| `(?<field>(?:spec|status)\.[\w.]+)`/gm)];
  expect(documented.map(({ groups }) => groups?.["field"] ?? "").toSorted()).toEqual(fields);
});

test(`${PAGE} lists every label and annotation, the finalizer, and no other name`, () => {
  const rows = textOf(PAGE).matchAll(/^\| (?:\*\*)?`(?<name>[\w./-]+)`(?:\*\*)? +\| (?:pod|checker|Lease) /gm);
  const { feature, roleLabel } = ROLES;
  expect([...rows].map(({ groups }) => groups?.["name"] ?? "").toSorted()).toEqual(
    [
      roleLabel,
      tokenAnnotation(feature),
      enrolmentLabel(feature),
      stampEpochAnnotation(feature),
      stampRecordAnnotation(feature),
      FINALIZER,
      MANAGED_BY_LABEL,
      FEATURE_LABEL,
      GROUP_LABEL,
      HOLDER_UID_ANNOTATION,
      EPOCH_ANNOTATION,
      OWNER_ANNOTATION,
    ]
      // The finalizer and the enrolment label have the same name.
      .toSorted(),
  );
});
