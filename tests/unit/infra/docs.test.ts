/** The documents say what the code does: tables equal registries, commands and links exist. */
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ROLES, SWITCHOVER_ANNOTATION } from "../../../functions/election/labels.ts";
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
import { VARIABLES } from "../../../functions/kit/host/variables.ts";
import { PRIORITY_ANNOTATION } from "../../../functions/kit/pods/candidate.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { viewChecker } from "../../../functions/roles/model.ts";
import { viewService } from "../../../functions/standby/model.ts";
import { RELEASE_VARIABLE } from "../../../infra/lab/versions.ts";
import { SCALER_VARIABLES } from "../../../infra/keda/scaler/config.ts";
import { parseManifests } from "../../../infra/lab/manifests.ts";
import { filesBelow, ROOT, textOf } from "./files.ts";

const PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", ...filesBelow("docs", ".md")];

/** As GitHub makes them from headings. */
const anchorsOf = (page: string): readonly string[] =>
  [...textOf(page).matchAll(/^#+ (?<title>.+)$/gm)].map(({ groups }) =>
    (groups?.["title"] ?? "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

const withoutCode = (text: string): string => text.replaceAll(/```[\s\S]*?```/g, "").replaceAll(/`[^`\n]*`/g, "");

const unresolved = (page: string): readonly string[] =>
  [...withoutCode(textOf(page)).matchAll(/\]\((?<target>[^)\s]+)\)/g)]
    .map(({ groups }) => groups?.["target"] ?? "")
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => {
      const [file = "", anchor] = target.split("#");
      const found = file === "" ? page : path.join(path.dirname(page), file);
      if (!existsSync(path.join(ROOT, found))) return true;
      return anchor !== undefined && statSync(path.join(ROOT, found)).isFile() && !anchorsOf(found).includes(anchor);
    });

describe.each(PAGES)("%s", (page) => {
  test("links only to pages, files and headings that exist", () => {
    expect(unresolved(page)).toEqual([]);
  });

  test("names only npm scripts that package.json has", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
    const named = [...textOf(page).matchAll(/npm run (?<script>[a-z][a-z:]*)/g)].map(
      ({ groups }) => groups?.["script"] ?? "",
    );
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  test("names only variables that the function, the scaler, the lab or its measurements read", () => {
    const measuring = /"(?<name>BELLWETHER_\w+)"/.exec(textOf("tests/integration/platform/support/samples.ts"));
    const own = [RELEASE_VARIABLE, measuring?.groups?.["name"] ?? ""];
    const known = new Set([...[...VARIABLES, ...SCALER_VARIABLES].map(({ name }) => name), ...own]);
    const named = [...textOf(page).matchAll(/\bBELLWETHER_[A-Z_]+[A-Z]\b/g)].map(([name]) => name);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test("names only folders and files that exist", () => {
    const named = [
      ...textOf(page).matchAll(/`(?<file>(?:docs|events|examples|functions|infra|tests)\/[\w./-]*)`/g),
    ].map(({ groups }) => groups?.["file"] ?? "");
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });
});

test("the README shows the two commands to begin with", () => {
  for (const command of ["npm ci && npm run demo", "npm ci && npm test"]) {
    expect(textOf("README.md")).toContain(`$ ${command}\n`);
  }
});

/** As the function reads them once the API server has them. */
const exampleOf = (file: string, kind: string): readonly KubeObject[] =>
  parseManifests(textOf(`examples/${file}`)).flatMap((manifest) =>
    manifest.kind === kind ? [{ ...manifest, metadata: { ...manifest.metadata, uid: "u", resourceVersion: "1" } }] : [],
  );

test("the example of a checker is one that the function serves, on a StatefulSet that is there", () => {
  const [checker, ...others] = exampleOf("checker.yaml", "LeaderStatusChecker").map((one) => viewChecker(one, 0));
  expect(others).toEqual([]);
  expect(checker?.problems).toEqual([]);
  expect(exampleOf("checker.yaml", "StatefulSet").map(({ metadata }) => metadata.name)).toEqual([
    checker?.statefulSetName,
  ]);
});

test("the examples of Services are one plain one, and one of each mode", () => {
  const services = exampleOf("active-standby.yaml", "Service").map(viewService);
  expect(services.map(({ name, mode, problem }) => [name, mode, problem])).toEqual([
    ["store-all", "none", undefined],
    ["store", "label", undefined],
    ["store-routed", "route", undefined],
  ]);
});

test("no example has a label in a pod template that is the function's to write", () => {
  const templates = [
    ...exampleOf("checker.yaml", "StatefulSet"),
    ...exampleOf("active-standby.yaml", "Deployment"),
  ].map(({ spec }) => (spec as { readonly template: KubeObject }).template.metadata.labels);
  expect(templates).toEqual([{ app: "queue" }, { app: "store" }]);
});

test("every file named in a script of package.json exists", () => {
  const { scripts } = JSON.parse(textOf("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
  const named = Object.values(scripts).flatMap(
    (script) => script.match(/\b(?:infra|events|bench)\/[\w/-]+\.ts\b/g) ?? [],
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
});

const FEATURE = ROLES.feature;
const NAMES = [
  ROLES.roleLabel,
  tokenAnnotation(FEATURE),
  PRIORITY_ANNOTATION,
  SWITCHOVER_ANNOTATION,
  enrolmentLabel(FEATURE),
  stampEpochAnnotation(FEATURE),
  stampRecordAnnotation(FEATURE),
  MANAGED_BY_LABEL,
  FEATURE_LABEL,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  EPOCH_ANNOTATION,
  OWNER_ANNOTATION,
];

test("docs/statefulsetlock.md lists every label and annotation, and no other", () => {
  const rows = textOf("docs/statefulsetlock.md").matchAll(
    /^\| (?:\*\*)?`(?<name>[\w./-]+)`(?:\*\*)? +\| (?:pod|lock|Lease) /gm,
  );
  expect([...rows].map(({ groups }) => groups?.["name"] ?? "").toSorted()).toEqual(NAMES.toSorted());
});

/** `Type/Reason` of every finding that the code of a feature and the kit spell out; most reasons of `Available` come from unions. */
const conditionsInCode = (feature: string): readonly string[] => {
  const code = ["functions/kit", `functions/${feature}`]
    .flatMap((folder) => filesBelow(folder, ".ts"))
    .map(textOf)
    .join("\n");
  const union = (name: string): readonly string[] => {
    const text = new RegExp(`export type ${name} =(?<members>[^;]+);`).exec(code)?.groups?.["members"] ?? "";
    return [...text.matchAll(/"(?<reason>\w+)"/g)].map(({ groups }) => `Available/${groups?.["reason"] ?? ""}`);
  };
  const calls = code.matchAll(
    /\b(?:at|trueFinding)\(\s*"(?<type>\w+)",\s*(?:"(?:True|False)",\s*)?"(?!True"|False")(?<reason>\w+)"/g,
  );
  const spelled = [...calls].map(({ groups }) => `${groups?.["type"] ?? ""}/${groups?.["reason"] ?? ""}`);
  const named = ["RefusalReason", "HoldReason", "UnfinishedReason"].flatMap(union);
  return [...new Set([...spelled, ...named])].toSorted();
};

test.each([
  ["README.md", "election"],
  ["docs/leaderstatuschecker.md", "roles"],
])("the table of conditions in %s is that of the code", (page, feature) => {
  const rows = textOf(page).matchAll(/^\| (?<type>[A-Z]\w+) +\| `(?<reason>\w+)` /gm);
  const documented = [...rows].map(({ groups }) => `${groups?.["type"] ?? ""}/${groups?.["reason"] ?? ""}`);
  expect(conditionsInCode(feature).length).toBeGreaterThan(12);
  expect(documented.toSorted()).toEqual(conditionsInCode(feature));
});

test("the README's shortest Lease is that of the code, for the tick that is shipped", () => {
  // tick + 0.5 s < duration / 2
  const tick = Number(VARIABLES.find(({ name }) => name === "BELLWETHER_TICK_SECONDS")?.fallback);
  const least = 2 * tick + 2;
  for (const page of ["README.md", "docs/statefulsetlock.md"]) {
    expect(textOf(page)).toMatch(new RegExp(`\\b${least}( or more)? with the tick of ${tick} s`));
  }
});
