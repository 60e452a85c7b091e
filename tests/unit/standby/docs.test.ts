/** docs/active-standby.md says what the code does: the names that it writes, and the Events that it tells. */
import { expect, test } from "vitest";
import {
  enrolmentLabel,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
} from "../../../functions/kit/handover/names.ts";
import { PRIORITY_ANNOTATION } from "../../../functions/kit/pods/candidate.ts";
import { MODE_ANNOTATION, ORIGINAL_ANNOTATION, ROLES, ROUTE_ANNOTATION } from "../../../functions/standby/labels.ts";
import { filesBelow, textOf } from "../infra/files.ts";

const PAGE = textOf("docs/active-standby.md");
const { feature } = ROLES;

test("it lists every label and annotation of label mode, and no other", () => {
  const rows = PAGE.matchAll(/^\| (?:\*\*)?`(?<name>[\w./-]+)`(?:\*\*)? +\| (?:pod|Service) /gm);
  const names = [
    MODE_ANNOTATION,
    ROUTE_ANNOTATION,
    ORIGINAL_ANNOTATION,
    ROLES.roleLabel,
    PRIORITY_ANNOTATION,
    enrolmentLabel(feature),
    tokenAnnotation(feature),
    stampEpochAnnotation(feature),
    stampRecordAnnotation(feature),
  ];
  expect([...rows].map(({ groups }) => groups?.["name"] ?? "").toSorted()).toEqual(names.toSorted());
});

test("it lists every Event of label mode", () => {
  const rows = PAGE.matchAll(/^\| (?:Normal|Warning) +\| (?<reasons>[^|]+) \|/gm);
  const documented = [...rows].flatMap(({ groups }) =>
    [...(groups?.["reasons"] ?? "").matchAll(/`(?<reason>\w+)`/g)].map((match) => match.groups?.["reason"] ?? ""),
  );
  const code = filesBelow("functions/standby", ".ts")
    .filter((file) => !file.includes("/route/"))
    .map(textOf)
    .join("\n");
  const spelled = [...code.matchAll(/(?:reason: (?:[\w.= "]+\? )?|warning\(|: )"(?<reason>[A-Z][A-Za-z]+)"/g)];
  const told = documented.filter((reason) => spelled.some(({ groups }) => groups?.["reason"] === reason));
  // Findings and refused writes are spelled out in the kit.
  const ofKit = ["InvalidPriority", "ForeignWrites", "StampUnreadable", "EpochUnreadable", "HolderMismatch"];
  const ofWrites = ["WriteRefused", "WriteFailed", "LeaderElected"];
  expect(documented.filter((reason) => !told.includes(reason)).toSorted()).toEqual([...ofKit, ...ofWrites].toSorted());
  const notices = ["SelectorExtended", "SelectorRestored", "ObserveMode", "NotServed", "NoEligiblePod"];
  expect(told.toSorted()).toEqual([...notices, "PodsShared", "LeaseForeign"].toSorted());
});
