/** The local source against the real adapters, on one control plane: what a function receives must not tell them apart. */
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startLocalSource, type LocalSource } from "../../../events/source/local-source.ts";
import type { EventMode } from "../../../events/source/message.ts";
import { startApiServerAdapter } from "../../../infra/lab/adapters.ts";
import { succeed } from "../../../infra/lab/api.ts";
import { startPingAdapter } from "../../../infra/lab/ping-adapter.ts";
import { startRecorder, type Recorded, type Recorder } from "../../contract/events/recorder.ts";
import { readRawSample } from "../../contract/events/samples.ts";
import { startReferenceAdapter } from "./reference-adapter.ts";
import { createNamespace, openStage, playScenario, WATCHED, type Stage } from "./scenario.ts";

/** Differ between any two deliveries, also of one sender. */
const VARYING = new Set(["Host", "Ce-Id", "Ce-Time"]);
const EVERY_SECOND = "* * * * * *";

let stage: Stage;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  stage = await openStage();
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
afterAll(() => stage.close());

const record = async (): Promise<Recorder> => {
  const recorder = await startRecorder();
  closers.push(recorder.close);
  return recorder;
};

interface LocalOptions {
  readonly namespace: string;
  readonly mode?: EventMode;
  readonly schedule?: string;
}

const startLocal = async (
  sink: Recorder,
  { namespace, mode = "Resource", schedule }: LocalOptions,
): Promise<LocalSource> => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(stage.plane.kubeconfig("bellwether-sources"));
  const source = await startLocalSource({
    sink: new URL(sink.url),
    kubeConfig,
    origin: { namespace, name: "objects" },
    resources: WATCHED.map(({ group, version, plural }) => ({
      apiVersion: group === "" ? version : `${group}/${version}`,
      plural,
      labelSelector: undefined,
    })),
    namespaces: [namespace],
    mode,
    schedule: schedule === undefined ? undefined : { cron: schedule, data: "{}" },
    log: () => undefined,
  });
  closers.push(source.stop);
  return source;
};

const startReal = async (sink: Recorder, namespace: string): Promise<void> => {
  const adapter = await startApiServerAdapter({
    plane: stage.plane,
    identity: "bellwether-sources",
    sink: sink.url,
    name: `objects-${namespace}`,
    namespaces: [namespace],
    resources: WATCHED,
  });
  closers.push(() => adapter.stop("SIGKILL"));
};

const lastEvent = (sink: Recorder, subject: string): Promise<Recorded> =>
  sink.first(
    ({ headers }) =>
      headers["ce-subject"]?.endsWith(subject) === true && headers["ce-type"]?.endsWith(".delete") === true,
  );

const scenarioEnd = (sink: Recorder): Promise<readonly Recorded[]> =>
  Promise.all(
    ["pods/db-0", "pods/db-1", "statefulsets/db", "statefulsetlocks/db"].map((subject) => lastEvent(sink, subject)),
  );

/** The request as it was on the wire, without what varies. */
const wire = ({ target, rawHeaders, body }: Recorded): string => {
  const values = rawHeaders.map((text, index) =>
    index % 2 === 1 && VARYING.has(rawHeaders[index - 1] ?? "") ? "*" : text,
  );
  return [target, ...values, body].join("\n");
};

/** Order holds within a kind only: each kind has a watch of its own. */
const byKind = (records: readonly Recorded[]): Readonly<Record<string, readonly string[]>> => {
  const groups = Object.groupBy(records, ({ headers }) => headers["ce-kind"] ?? "");
  return Object.fromEntries(
    ["Pod", "StatefulSet", "StatefulSetLock"].map((kind) => [kind, (groups[kind] ?? []).map(wire)]),
  );
};

const headerNames = ({ rawHeaders }: Recorded): readonly string[] => rawHeaders.filter((_, index) => index % 2 === 0);

const pods = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

const added = (sink: Recorder, name: string): Promise<Recorded> =>
  sink.first(({ headers }) => headers["ce-name"] === name && headers["ce-type"]?.endsWith(".add") === true);

const isTick = ({ headers }: Recorded): boolean => headers["ce-type"] === "dev.knative.sources.ping";

const shapeOf = (names: readonly string[], body: string): unknown => ({
  names,
  fields: Object.keys(JSON.parse(body)),
});

const createPod = (namespace: string, name: string): Promise<unknown> => {
  const spec = { nodeSelector: { none: "fits" }, containers: [{ name: "c", image: "i" }] };
  return succeed(stage.api, "POST", pods(namespace), { body: { metadata: { name }, spec } });
};

describe("the local source sends the bytes of the real adapter", () => {
  it("in Resource mode: same requests, same order, same headers and bodies", async () => {
    const [real, local] = [await record(), await record()];
    await createNamespace(stage, "resource");
    await startReal(real, "resource");
    await startLocal(local, { namespace: "resource" });
    await playScenario(stage, "resource");
    await Promise.all([scenarioEnd(real), scenarioEnd(local)]);
    expect(byKind(real.received)["Pod"]?.length).toBeGreaterThan(6);
    expect(byKind(local.received)).toEqual(byKind(real.received));
  });

  it("in Reference mode", async () => {
    const [real, local] = [await record(), await record()];
    await createNamespace(stage, "reference");
    await startReferenceAdapter(stage, "reference", real);
    await startLocal(local, { namespace: "reference", mode: "Reference" });
    await playScenario(stage, "reference");
    await Promise.all([scenarioEnd(real), scenarioEnd(local)]);
    const withoutProbes = real.received.filter(({ headers }) => headers["ce-name"]?.startsWith("probe-") !== true);
    expect(byKind(local.received)).toEqual(byKind(withoutProbes));
  });

  it("for ticks", async () => {
    const [real, local] = [await record(), await record()];
    await createNamespace(stage, "ticks");
    const adapter = await startPingAdapter({ plane: stage.plane });
    closers.push(() => adapter.stop("SIGKILL"));
    await adapter.createPingSource({ namespace: "ticks", name: "objects", schedule: EVERY_SECOND, sink: real.url });
    await startLocal(local, { namespace: "ticks", schedule: EVERY_SECOND });
    const [expected, tick] = await Promise.all([real.first(isTick), local.first(isTick)]);
    expect(wire(tick)).toBe(wire(expected));
  });

  it("for the kinds of which samples are checked in", async () => {
    const local = await record();
    await createNamespace(stage, "samples");
    await startLocal(local, { namespace: "samples" });
    await playScenario(stage, "samples");
    await scenarioEnd(local);
    const samples = ["pod-add", "pod-update", "pod-delete", "statefulset-update", "lock-add"].map(readRawSample);
    const expected = samples.map(({ headers, body }) =>
      shapeOf(
        headers.map(([name]) => name),
        body,
      ),
    );
    const twins = samples.map((sample) => {
      const [type, kind] = ["Ce-Type", "Ce-Kind"].map(
        (wanted) => sample.headers.find(([name]) => name === wanted)?.[1],
      );
      return local.received.findLast(({ headers }) => headers["ce-type"] === type && headers["ce-kind"] === kind);
    });
    expect(twins.map((twin) => twin && shapeOf(headerNames(twin), twin.body))).toEqual(expected);
  });
});

describe.each(["real", "local"] as const)("the %s source", (kind) => {
  const start = (sink: Recorder, namespace: string): Promise<unknown> =>
    kind === "real" ? startReal(sink, namespace) : startLocal(sink, { namespace });

  it("says nothing about objects that exist at its start", async () => {
    const namespace = `start-${kind}`;
    const sink = await record();
    await createNamespace(stage, namespace);
    await createPod(namespace, "old");
    await start(sink, namespace);
    await createPod(namespace, "new");
    await added(sink, "new");
    expect(sink.received.map(({ headers }) => headers["ce-name"])).not.toContain("old");
  });

  it("repeats an event after 100, 200 and 400 ms on 503, under the same id, and drops it on 500", async () => {
    const namespace = `retry-${kind}`;
    const sink = await record();
    await createNamespace(stage, namespace);
    await start(sink, namespace);
    sink.answer(503, 503, 503, 500);
    await createPod(namespace, "first");
    await sink.count(4);
    await createPod(namespace, "second");
    await added(sink, "second");
    const attempts = sink.received.filter(
      ({ headers }) => headers["ce-name"] === "first" && headers["ce-type"]?.endsWith(".add") === true,
    );
    expect(new Set(attempts.map(({ headers }) => headers["ce-id"])).size).toBe(1);
    const gaps = attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0));
    expect(gaps).toHaveLength(3);
    for (const [index, delayMs] of [100, 200, 400].entries()) {
      expect(gaps[index]).toBeGreaterThan(delayMs - 5);
      expect(gaps[index]).toBeLessThan(delayMs + 500);
    }
  });

  it("goes on after the API server was killed and started again", async () => {
    const namespace = `restart-${kind}`;
    const sink = await record();
    await createNamespace(stage, namespace);
    await start(sink, namespace);
    await createPod(namespace, "before");
    await added(sink, "before");
    await stage.plane.restart("kube-apiserver");
    // Neither source says when its watch is open again: changes are made until one arrives.
    const arrived = added(sink, "after");
    const again = setInterval(() => {
      void stage.api
        .call("DELETE", `${pods(namespace)}/after`)
        .then(() => createPod(namespace, "after").catch(() => undefined));
    }, 500);
    await expect(arrived.finally(() => clearInterval(again))).resolves.toMatchObject({ target: "POST /" });
  });
});
