/** Each check: a cluster that is broken in just one way has just one finding, which names the object and the field; one that works has none. */
import { describe, expect, test } from "vitest";
import type { Reported } from "../../../infra/doctor/finding.ts";
import { SOURCES, TICKS } from "./cases-events.ts";
import { DEFINITIONS, FORM, SETTINGS, WORKLOADS } from "./cases-installation.ts";
import { SCALING } from "./cases-keda.ts";
import { LED } from "./cases-led.ts";
import { NETWORK } from "./cases-network.ts";
import { SOUND } from "./cases-sound.ts";
import { STREAMS } from "./cases-streams.ts";
import { changed, clusterWith, problemsOf } from "./cluster.ts";

const short = ({ severity, check, object, field }: Reported): readonly string[] => [
  `${severity} ${check}`,
  object,
  field,
];

describe.each([
  ["form", FORM],
  ["definitions", DEFINITIONS],
  ["settings", SETTINGS],
  ["workloads", WORKLOADS],
  ["scaling", SCALING],
  ["sources", SOURCES],
  ["streams", STREAMS],
  ["ticks", TICKS],
  ["what is led", LED],
  ["network policies", NETWORK],
])("%s", (_, cases) => {
  test.each(cases)("%s (%s) is the one finding", async (_what, overlay, changes, [title, object, field, got]) => {
    const findings = await problemsOf(changed(clusterWith(overlay), changes));
    expect(findings.map(short)).toEqual([[title, object, field]]);
    expect(findings[0]?.got).toContain(got);
    expect(findings[0]?.accepted).not.toBe("");
    expect(findings[0]?.remedy).not.toBe("");
  });
});

test.each(SOUND)("%s (%s) is fine", async (_what, overlay, changes) => {
  expect(await problemsOf(changed(clusterWith(overlay), changes))).toEqual([]);
});
