/**
 * Every way in which the doctor's cases break a cluster, and what the doctor is to say of it: one table, for the in-memory cluster of the
 * quick tier and for the real API server of the platform tier.
 */
import { expect } from "vitest";
import { EXIT_BROKEN, EXIT_UNKNOWN, EXIT_WORKS, exitCodeOf, type Reported } from "../../../infra/doctor/finding.ts";
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import { container, type Case } from "./cases.ts";
import { SOURCES, TICKS } from "./cases-events.ts";
import { DEFINITIONS, FORM, SETTINGS, WORKLOADS } from "./cases-installation.ts";
import { SCALING } from "./cases-keda.ts";
import { LED } from "./cases-led.ts";
import { NETWORK } from "./cases-network.ts";
import { ODD } from "./cases-odd.ts";
import { PERMISSIONS } from "./cases-permissions.ts";
import { SOUND } from "./cases-sound.ts";
import { STREAMS } from "./cases-streams.ts";
import type { Change } from "./cluster.ts";
import { condition, stray } from "./led.ts";

/** How a cluster is broken, and what of the doctor's findings is to be how. */
export interface Entry {
  readonly name: string;
  readonly overlay: OverlayName;
  readonly change: Change;
  /** `before`: of the overlay as it is shipped. */
  readonly view: (findings: readonly Reported[], before: readonly Reported[]) => unknown;
  readonly expected: unknown;
}

/** Of each form as it is shipped. */
export const FORMS: Readonly<Record<OverlayName, string>> = {
  "knative-warm": "knative/warm",
  "knative-cold": "knative/cold",
  "knative-broker": "knative/broker",
  "knative-namespaced": "knative/warm",
  "keda-http": "keda/http",
  "keda-http-namespaced": "keda/http",
  "keda-push": "keda/push",
  "keda-push-namespaced": "keda/push",
  "keda-push-unlabelled-pods": "keda/push",
  standalone: "standalone",
  "standalone-namespaced": "standalone",
};

/** That example is installed beside the pods. */
export const namespaceOf = (overlay: OverlayName): string =>
  overlay === "keda-push-unlabelled-pods" ? "data" : "bellwether";

export const problemsIn = (findings: readonly Reported[]): readonly Reported[] =>
  findings.filter(({ severity }) => severity !== "ok");

/** Everything but what is fine, and what follows from it. */
const summary = (findings: readonly Reported[]): unknown => ({
  code: exitCodeOf(findings),
  problems: problemsIn(findings).map(({ severity, check, object, field, got, accepted, remedy }) => ({
    title: `${severity} ${check}`,
    object,
    field,
    got,
    accepted,
    remedy,
  })),
});

/** What is to be of a form as it is shipped. */
export const wholeOf = (findings: readonly Reported[]): unknown => ({
  ...(summary(findings) as object),
  form: findings.find(({ check }) => check === "form")?.got,
});

/** Nothing is wrong, and the form is known. */
export const wellOf = (overlay: OverlayName): unknown => ({
  code: EXIT_WORKS,
  problems: [],
  form: expect.stringContaining(`form ${FORMS[overlay]}, Kubernetes v1.`) as unknown,
});

const EXIT_CODES: Readonly<Record<string, number>> = { error: EXIT_BROKEN, unknown: EXIT_UNKNOWN, warning: EXIT_WORKS };
const SOMETHING: unknown = expect.stringMatching(/./);

const matching = (got: string | RegExp): unknown =>
  typeof got === "string" ? expect.stringContaining(got) : expect.stringMatching(got);

const oneFinding = ([what, overlay, change, [title, object, field, got]]: Case): Entry => ({
  name: `${what} (${overlay}) is the one finding`,
  overlay,
  change,
  view: summary,
  expected: {
    code: EXIT_CODES[title.split(" ")[0] ?? ""],
    problems: [{ title, object, field, got: matching(got), accepted: SOMETHING, remedy: SOMETHING }],
  },
});

const isFine = ([what, overlay, change]: (typeof SOUND)[number]): Entry => ({
  name: `${what} (${overlay}) is fine`,
  overlay,
  change,
  view: summary,
  expected: { code: EXIT_WORKS, problems: [] },
});

const isTold = ([object, overlay, change]: (typeof ODD)[number]): Entry => ({
  name: `${object} (${overlay}): ${JSON.stringify(change)} is told`,
  overlay,
  change: { [object]: change },
  view: (findings) => problemsIn(findings).length > 0,
  expected: true,
});

const HIDDEN: readonly (readonly [string, readonly string[]])[] = [
  [
    "BELLWETHER_NAMESPACES",
    ["permissions", "streams", "leases", "records", "conditions", "standby", "followers", "probes"],
  ],
  ["BELLWETHER_TICK_SECONDS", ["ticks", "leases", "records"]],
  ["PORT", ["sources"]],
];

const isNotJudgedBy = ([variable, blind]: (typeof HIDDEN)[number]): Entry => ({
  name: `${variable} from a ConfigMap: nothing is judged by it, and that is said`,
  overlay: "standalone",
  change: {
    "Deployment bellwether": container({
      env: [{ name: variable, valueFrom: { configMapKeyRef: { name: "c", key: "k" } } }],
    }),
  },
  view: (findings, before) => ({
    neverLooked: blind.filter((check) => before.every((finding) => finding.check !== check)),
    judged: findings.filter(({ check }) => blind.includes(check)),
    hidden: problemsIn(findings).map(({ severity, check, field }) => `${severity} ${check}: ${field}`),
  }),
  expected: { neverLooked: [], judged: [], hidden: [`unknown settings: ${variable}`] },
});

const observing: Entry = {
  name: "what hides other settings hides nothing of what is said: a function that only observes",
  overlay: "standalone",
  change: {
    "Deployment bellwether": container({
      env: [{ name: "BELLWETHER_MODE", value: "observe" }],
      envFrom: [{ secretRef: { name: "s" } }],
    }),
  },
  view: (findings) => problemsIn(findings).map(({ severity, field }) => `${severity} ${field}`),
  expected: ["unknown envFrom", "error BELLWETHER_MODE"],
};

const STRAYS: readonly Case[] = [
  [
    "a lock where nobody looks at it",
    "standalone-namespaced",
    stray(),
    ["warning conditions", "StatefulSetLock other/stray", "metadata.namespace", "nobody looks at it"],
  ],
];

const SERVED_ELSEWHERE: (typeof SOUND)[number] = [
  "a lock where another installation looks at it",
  "standalone-namespaced",
  stray(condition("Available", "False", "NobodyLeads")),
];

/** By what they are about. */
export const TABLE: Readonly<Record<string, readonly Entry[]>> = {
  form: FORM.map(oneFinding),
  definitions: DEFINITIONS.map(oneFinding),
  permissions: PERMISSIONS.map(oneFinding),
  settings: [...SETTINGS.map(oneFinding), ...HIDDEN.map(isNotJudgedBy), observing],
  workloads: WORKLOADS.map(oneFinding),
  scaling: SCALING.map(oneFinding),
  sources: SOURCES.map(oneFinding),
  streams: STREAMS.map(oneFinding),
  ticks: TICKS.map(oneFinding),
  "what is led": [...LED, ...STRAYS].map(oneFinding),
  "network policies": NETWORK.map(oneFinding),
  "what is written in another way": [...SOUND, SERVED_ELSEWHERE].map(isFine),
  "what is hardly ever stored": ODD.map(isTold),
};
