/**
 * Every case of the doctor's table on a real API server with the real definitions: each form of installation as it works, then broken in just
 * one way at a time. The doctor says what it says of the in-memory cluster, word for word, and nothing once that is mended.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHECKS } from "../../../infra/doctor/examine.ts";
import type { Reported } from "../../../infra/doctor/finding.ts";
import { UNREAD } from "../../unit/doctor/cases-unread.ts";
import { changed, clusterWith, examineCluster } from "../../unit/doctor/cluster.ts";
import { problemsIn, TABLE, wellOf, wholeOf, type Entry } from "../../unit/doctor/table.ts";
import { OVERLAY_NAMES } from "./golden/overlays.ts";
import { createCallerWithout } from "./support/doctor.ts";
import { setScene, type Scene } from "./support/doctor-scene.ts";
import { startDoctorServer, type DoctorServer } from "./support/doctor-server.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

/** What no API server stores, so that no cluster has it, and what is said to whoever tries. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'Deployment bellwether (standalone): {"spec":null} is told': /spec\.selector: Required value/,
  'Deployment bellwether (standalone): {"spec":{"template":{"spec":{"containers":[]}}}} is told':
    /spec\.template\.spec\.containers: Required value/,
  'Deployment bellwether (standalone): {"spec":{"template":{"spec":{"containers":[{"name":"main"}]}}}} is told':
    /containers\[0\]\.image: Required value/,
  'Deployment bellwether-source (standalone): {"spec":null} is told': /spec\.selector: Required value/,
  'Deployment bellwether-scaler (keda-push): {"spec":null} is told': /spec\.selector: Required value/,
  'Service bellwether (standalone): {"spec":null} is told': /spec\.ports: Required value/,
  'NetworkPolicy bellwether-out (standalone): {"spec":{"egress":[{"to":[{}],"ports":[{}]}]}} is told':
    /must specify a peer/,
  'ScaledObject bellwether (keda-push): {"spec":null} is told': /spec: Required value/,
  'ScaledObject bellwether (keda-http): {"spec":{"triggers":[{}]}} is told':
    /spec\.triggers\[0\]\.type: Required value/,
  'InterceptorRoute bellwether (keda-http): {"spec":null} is told': /spec: Required value/,
  'StatefulSet db (standalone): {"spec":null} is told': /spec\.selector: Required value/,
};

/** Checks whose findings take a server that answers otherwise than this one, and where they are tested. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  kubernetes: "takes a server of another release: tests/unit/doctor/access.test.ts",
};

const isRefused = ({ name }: Entry): boolean => name in REFUSED;

const ENTRIES = Object.values(TABLE).flat();
const stopping = stopAfterAll();
/** Checks that had something to find here, and found it. */
const proven = new Set<string>();
let server: DoctorServer;

/** The server's own view of roles and definitions follows within moments. */
const within = { timeout: 20_000, interval: 50 };

/** Whoever looks again believes nothing that he has heard before. */
const look = (scene: Scene): (() => Promise<readonly Reported[]>) => {
  let looks = 0;
  return () => {
    looks += 1;
    if (looks > 1) scene.forget();
    return scene.examine();
  };
};

/** Until it works again. */
const wholeAgain = (scene: Scene): (() => Promise<unknown>) => {
  const looking = look(scene);
  return async () => wholeOf(await looking());
};

/** Everything that is said, but for numbers, such as generations and seconds, and in any order. */
const roughly = (findings: readonly Reported[]): readonly string[] =>
  findings
    .map(({ severity, check, ...said }) => [severity, check, ...(severity === "ok" ? [] : Object.values(said))])
    .map((words) => words.join(" | ").replaceAll(/\d+/g, "0"))
    .toSorted();

beforeAll(async () => {
  server = stopping(await startDoctorServer());
});

describe.each(OVERLAY_NAMES)("%s", (overlay) => {
  let scene: Scene;
  let before: readonly Reported[] = [];
  const entries = ENTRIES.filter((entry) => entry.overlay === overlay);
  const well = wellOf(overlay);

  beforeAll(async () => {
    scene = await setScene(server, overlay);
  });
  afterAll(() => scene.clear());

  it("works, and nothing is said", async () => {
    await expect.poll(wholeAgain(scene), within).toEqual(well);
    before = await scene.examine();
  });

  it.each(entries.filter((entry) => !isRefused(entry)))("$name", async ({ change, view, expected }) => {
    let findings: readonly Reported[] = [];
    const looking = look(scene);
    const see = async (): Promise<unknown> => {
      findings = await looking();
      return { seen: view(findings, before), all: roughly(findings) };
    };
    const all = roughly(await examineCluster(changed(clusterWith(overlay, Date.now()), change)));
    try {
      await scene.break(change);
      await expect.poll(see, within).toEqual({ seen: expected, all });
    } finally {
      await scene.mend();
    }
    for (const { check } of problemsIn(findings)) proven.add(check);
    await expect.poll(wholeAgain(scene), within).toEqual(well);
  });

  it.each(entries.filter(isRefused))("$name, but no server stores it", async ({ name, change }) => {
    await expect(scene.break(change)).rejects.toThrow(REFUSED[name]);
    await scene.mend();
    await expect.poll(wholeAgain(scene), within).toEqual(well);
  });

  it.each(UNREAD.filter((entry) => entry.overlay === overlay))(
    "what cannot be read $name",
    async ({ change, view, expected, ...blindness }) => {
      const caller = await createCallerWithout(server, blindness);
      try {
        await scene.break(change);
        await expect.poll(async () => view(await scene.examineAs(caller)), within).toEqual(expected);
      } finally {
        await scene.mend();
      }
      await expect.poll(wholeAgain(scene), within).toEqual(well);
    },
  );
});

it("has found something with each check, but for those that this server gives no reason to", () => {
  const names = CHECKS.map(({ name }) => name);
  expect([...proven, ...Object.keys(ELSEWHERE)].toSorted()).toEqual(names.toSorted());
});

it("names no case as refused that is not in the table", () => {
  const names = new Set(ENTRIES.map(({ name }) => name));
  expect(Object.keys(REFUSED).filter((name) => !names.has(name))).toEqual([]);
});
