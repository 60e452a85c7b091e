/** A caller who may not read everything: what he may not see is told, and never taken for good or for missing. */
import { EXIT_BROKEN, EXIT_UNKNOWN, EXIT_WORKS, exitCodeOf, type Reported } from "../../../infra/doctor/finding.ts";
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import type { Blindness } from "../../integration/platform/support/doctor.ts";
import type { Changes } from "./cluster.ts";
import { stray } from "./led.ts";

export interface Unread extends Blindness {
  readonly name: string;
  readonly overlay: OverlayName;
  readonly change: Changes;
  readonly view: (findings: readonly Reported[]) => unknown;
  readonly expected: unknown;
}

/** `severity check` of what is not fine, each once, and what follows. */
const titles = (findings: readonly Reported[]): unknown => ({
  code: exitCodeOf(findings),
  titles: [
    ...new Set(
      findings.filter(({ severity }) => severity !== "ok").map(({ severity, check }) => `${severity} ${check}`),
    ),
  ],
});

/** Also which of the checks say anything at all. */
const among =
  (...checks: readonly string[]): Unread["view"] =>
  (findings) => ({
    ...(titles(findings) as object),
    said: checks.filter((name) => findings.some(({ check }) => check === name)),
  });

const CRDS = ["customresourcedefinitions"];

export const UNREAD: readonly Unread[] = [
  {
    name: "is a finding, and no check that goes by it says that all is well",
    overlay: "standalone",
    change: {},
    plurals: ["leases"],
    view: among("records", "leases", "conditions"),
    expected: { code: EXIT_UNKNOWN, titles: ["unknown access"], said: ["conditions"] },
  },
  {
    name: "is not taken for something that is missing",
    overlay: "standalone",
    change: {},
    plurals: ["deployments", "services", "pods"],
    view: among("form", "workloads", "sources", "kubernetes"),
    expected: { code: EXIT_UNKNOWN, titles: ["unknown access"], said: ["kubernetes"] },
  },
  {
    name: "of CRDs, which belong to the cluster, leaves an administrator of a namespace with a warning",
    overlay: "standalone",
    change: {},
    plurals: CRDS,
    view: titles,
    expected: { code: EXIT_WORKS, titles: ["warning definitions"] },
  },
  {
    name: "of a CRD that is not there shows in what is served",
    overlay: "standalone",
    change: { "CustomResourceDefinition statefulsetlocks.app.anukkrit.me": null },
    plurals: CRDS,
    view: (findings) => findings.filter(({ severity }) => severity === "error").map(({ got }) => got),
    expected: ["app.anukkrit.me/v1 is not served"],
  },
  {
    name: "counts for less than an error that was found",
    overlay: "standalone",
    change: { "Deployment bellwether-source": null },
    plurals: ["leases"],
    view: titles,
    expected: { code: EXIT_BROKEN, titles: ["unknown access", "error sources"] },
  },
  {
    name: "of locks outside of the namespaces that are served is no business of his",
    overlay: "standalone-namespaced",
    change: stray(),
    plurals: ["statefulsetlocks", "leaderstatuscheckers"],
    isReadIn: "data",
    view: titles,
    expected: { code: EXIT_WORKS, titles: [] },
  },
];
