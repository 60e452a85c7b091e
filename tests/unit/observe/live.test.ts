/** The observer over real sockets: what it says as it happens, what it may not read, and when it cannot go on. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { listRequest, PODS } from "../../../functions/kit/kube/request.ts";
import { createMemoryApi, type MemoryApi } from "../../../infra/lab/memory/api.ts";
import { serveMemoryApi, type MemoryServer } from "../../../infra/lab/memory/http.ts";
import { observeLive, type LiveObservation } from "../../../infra/observe/live.ts";
import { readRecording, startRecording, type Recorder } from "../../../infra/observe/recording.ts";
import { replayRecording } from "../../../infra/observe/replay.ts";
import { exitCodeOf, reportText } from "../../../infra/observe/report.ts";
import type { Scope } from "../../../infra/observe/scope.ts";

const LOCK_CRD = new URL("../../../infra/crds/statefulsetlocks.yaml", import.meta.url);
const PATH = listRequest(PODS, { namespace: "data" }).path;
const SEEN = { timeout: 10_000, interval: 20 };
const TEST_MS = 30_000;
const FOREIGN: Scope = { label: "role=primary", groupBy: "statefulset", namespace: "data" };
const OURS: Scope = { label: "sts-role=writer", groupBy: "statefulset", namespace: "data" };
const OWNER = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "5e7", controller: true };

vi.setConfig({ testTimeout: TEST_MS });

let api: MemoryApi;
let server: MemoryServer;
let folder: string;

const serve = async (crds: Parameters<typeof createMemoryApi>[0]["crds"]): Promise<void> => {
  api = createMemoryApi({ now: () => Date.now(), crds });
  api.handle({
    method: "POST",
    path: "/api/v1/namespaces",
    contentType: "application/json",
    body: { metadata: { name: "data" } },
  });
  server = await serveMemoryApi(api);
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bellwether-observe-"));
  await serve([parse(readFileSync(LOCK_CRD, "utf8"))]);
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const create = (name: string, labels: Readonly<Record<string, string>> = {}): void => {
  const spec = { containers: [{ name: "main", image: "example.invalid/main" }] };
  const body = { metadata: { name, labels, ownerReferences: [OWNER] }, spec };
  const { status } = api.handle({ method: "POST", path: PATH, contentType: "application/json", body });
  expect(status).toBe(201);
};

const label = (name: string, role: string | null, manager: string): void => {
  const body = { metadata: { labels: { role } } };
  const contentType = "application/merge-patch+json";
  api.handle({ method: "PATCH", path: `${PATH}/${name}`, contentType, body }, { manager });
};

interface Run {
  readonly lines: readonly string[];
  /** Resolves once a line has that text. */
  says(text: string): Promise<void>;
  end(): Promise<LiveObservation>;
  /** Settles when it ends by itself. */
  readonly observing: Promise<LiveObservation>;
}

const run = (scope: Scope, record?: () => Recorder, url = server.url): Run => {
  const lines: string[] = [];
  const stop = new AbortController();
  const observing = observeLive({
    kubeConfig: {
      getCurrentCluster: () => ({ name: "memory", server: url, skipTLSVerify: false }),
      applyToHTTPSOptions: () => Promise.resolve(),
    },
    scope,
    record,
    say: (line) => void lines.push(line),
    signal: stop.signal,
  });
  observing.catch(() => undefined);
  return {
    lines,
    observing,
    says: (text) => vi.waitFor(() => expect(lines.join("\n")).toContain(text), SEEN),
    end: () => {
      stop.abort();
      return observing;
    },
  };
};

describe("another product's label", () => {
  test("each change and the doubling are said with their authors; the replay says and finds the same", async () => {
    const file = join(folder, "r.ndjson");
    create("db-0");
    create("db-1");
    label("db-0", "primary", "their-operator");
    const observer = run(FOREIGN, () => startRecording(file, FOREIGN));
    await observer.says("data/db  db-0 leads, labelled by their-operator");
    label("db-1", "primary", "their-sidecar");
    await observer.says("data/db  S1 VIOLATED: db-0, db-1 lead; Pod data/db-1 labelled by their-sidecar at revision");
    label("db-0", "replica", "their-operator");
    await observer.says("data/db  one leader at most again");
    const observation = await observer.end();
    expect(exitCodeOf(observation)).toBe(1);
    expect(reportText(observation)).toContain("no group is served by Bellwether: of them only S1");

    const recording = await readRecording(file);
    const again: string[] = [];
    const repeated = replayRecording(recording, (line) => void again.push(line));
    expect(recording).toMatchObject({ complete: true, damage: undefined });
    expect(again).toEqual(observer.lines);
    expect({ ...repeated, failure: recording.failure }).toEqual(observation);
  });

  test("a leader that goes and comes back is said with the time without one; nothing is violated", async () => {
    create("db-0");
    label("db-0", "primary", "their-operator");
    const observer = run(FOREIGN);
    await observer.says("db-0 leads, labelled by their-operator");
    label("db-0", "replica", "their-operator");
    await observer.says("db-0 leads no more, written by their-operator");
    label("db-0", "primary", "their-operator");
    await vi.waitFor(() => expect(observer.lines.at(-1)).toMatch(/, after \d+ ms without a leader$/), SEEN);
    expect(exitCodeOf(await observer.end())).toBe(0);
  });

  test("pods that the selector does not find are not there", async () => {
    create("other", { app: "other", role: "primary" });
    create("db-0", { app: "db", role: "primary" });
    const observer = run({ ...FOREIGN, groupBy: "selector", selector: "app=db" });
    await observer.says("db-0 leads");
    const { verdict } = await observer.end();
    expect(verdict).toMatchObject({ violations: [], leaderships: [{ name: "data/selected pods", leaders: ["db-0"] }] });
  });
});

describe("what cannot be read", () => {
  test("locks that the cluster does not know leave labels to be judged, and are said", async () => {
    await server.close();
    await serve([]);
    create("db-0", { "sts-role": "writer" });
    const observer = run(OURS);
    await observer.says("statefulsetlocks cannot be read: GET ");
    await observer.says("db-0 leads");
    const observation = await observer.end();
    expect(observation.unread).toEqual(["statefulsetlocks"]);
    expect(reportText(observation)).toContain("statefulsetlocks could not be read: only S1");
  });

  test("a server that does not answer before it is stopped was not observed", async () => {
    await server.close();
    const observer = run(FOREIGN);
    await observer.says("ECONNREFUSED");
    await expect(observer.end()).rejects.toThrow("stopped before the first list");
    expect(observer.lines).toHaveLength(1);
    server = await serveMemoryApi(api);
  });

  test("pods that may not be listed leave no recording behind: the next attempt may use the same file", async () => {
    const refusing = createServer((_request, response) => void response.writeHead(403).end("{}"));
    await new Promise<void>((resolve) => {
      refusing.listen(0, "127.0.0.1", resolve);
    });
    const file = join(folder, "r.ndjson");
    const record = (): Recorder => startRecording(file, FOREIGN);
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
    await expect(run(FOREIGN, record, url).observing).rejects.toThrow("403");
    refusing.close();
    expect(existsSync(file)).toBe(false);
  });

  test("what was told before the recording began is in it, in order; a file that exists ends the observation", async () => {
    create("db-0", { role: "primary" });
    const file = join(folder, "r.ndjson");
    const observer = run(FOREIGN, () => startRecording(file, FOREIGN));
    await observer.says("db-0 leads");
    await observer.end();
    const { revisions } = await readRecording(file);
    expect(revisions.map(({ object }) => object.metadata.name)).toEqual(["db-0"]);
    await expect(run(FOREIGN, () => startRecording(file, FOREIGN)).observing).rejects.toThrow("EEXIST");
  });

  test("a server whose versions went back ends it: what was found before is told, and why nothing follows", async () => {
    create("db-0");
    create("db-1");
    const backup = api.snapshot();
    label("db-0", "primary", "their-operator");
    const file = join(folder, "r.ndjson");
    const observer = run(FOREIGN, () => startRecording(file, FOREIGN));
    await observer.says("db-0 leads");
    label("db-1", "primary", "their-sidecar");
    await observer.says("S1 VIOLATED: db-0, db-1 lead");
    const port = Number(new URL(server.url).port);
    await server.close();
    api.restore(backup);
    server = await serveMemoryApi(api, { port });
    // A server tells its version to a quiet watch now and then; here as soon as the watch is open again.
    const told = setInterval(() => api.bookmark(), SEEN.interval);
    const observation = await observer.observing;
    clearInterval(told);
    expect(observation.failure).toContain("resourceVersion went back");
    expect(observation.verdict.violations).toMatchObject([{ invariant: "S1" }]);

    const recording = await readRecording(file);
    expect(recording).toMatchObject({ complete: true, failure: observation.failure });
    expect(replayRecording(recording, () => undefined).verdict).toEqual(observation.verdict);
  });
});
