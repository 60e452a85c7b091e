/** Whose label is observed decides what is watched, what makes a group, and what can be judged. */
import { describe, expect, test } from "vitest";
import { reportText } from "../../../infra/observe/report.ts";
import { kindsOf, scopeText, STANDBY_STANDARD, standardOf, type Scope } from "../../../infra/observe/scope.ts";
import { createNarrowed } from "../history/services.ts";

const scope = (label: string, groupBy: Scope["groupBy"] = "statefulset"): Scope => ({ label, groupBy });
const plurals = (label: string): readonly string[] => kindsOf(scope(label)).map(({ plural }) => plural);

const ELECTION = "sts-role=writer";
const ROLES = "node-role=leader";
const STANDBY = "qoqo.dev/pod-designation=active";

test("each of our labels is watched with the kinds of its feature; another one with pods alone", () => {
  expect(plurals(ELECTION)).toEqual(["pods", "leases", "statefulsetlocks"]);
  expect(plurals(ROLES)).toEqual(["pods", "leases", "leaderstatuscheckers"]);
  expect(plurals(STANDBY)).toEqual(["pods", "leases", "services", "endpointslices"]);
  expect(plurals("node-role=follower")).toEqual(["pods"]);
});

test("why a record moves is asked of the election only, where Services lead of active/standby only", () => {
  const asked = [ELECTION, ROLES, STANDBY, "role=primary"].map((label) => {
    const { roles, switchoverAnnotation, routes } = standardOf(scope(label));
    return [roles.feature, switchoverAnnotation !== undefined, routes !== undefined];
  });
  expect(asked).toEqual([
    ["election", true, false],
    ["roles", false, false],
    ["standby", false, true],
    ["observed", false, false],
  ]);
});

describe("pods behind active/standby Services", () => {
  test("are grouped by their enrolment, or by what is asked for", () => {
    expect(standardOf(scope(STANDBY)).grouping).toBe("enrolment");
    expect(standardOf(scope(STANDBY, "selector")).grouping).toBe("namespace");
    expect(scopeText(scope(STANDBY))).toBe(`pods in all namespaces, grouped by enrolment; leaders carry ${STANDBY}`);
    expect(scopeText(scope(ROLES))).toBe(`pods in all namespaces, grouped by StatefulSet; leaders carry ${ROLES}`);
  });

  test("that are not enrolled are in no group, whatever owns them", () => {
    const history = createNarrowed();
    const active = { "qoqo.dev/pod-designation": "active" };
    history.pod("db-0", active, "their-controller");
    history.pod("db-1", active, "their-controller");
    expect(history.verdict()).toMatchObject({ groups: 0, violations: [], foreign: [] });
    for (const pod of ["db-0", "db-1"])
      history.pod(pod, { ...active, "bellwether.dev/standby": "group" }, "their-script");
    expect(history.verdict()).toMatchObject({
      groups: 1,
      foreign: [{ group: "default/group", pods: ["db-0", "db-1"] }],
    });
  });
});

test("a Service that was judged is told also where no pod carries a label", () => {
  const verdict = createNarrowed().verdict(STANDBY_STANDARD);
  expect(reportText({ verdict, unread: [] }).split("\n").slice(1)).toEqual([
    "no pod carried the label",
    "1 active/standby Service was judged by S2",
    "",
  ]);
});
