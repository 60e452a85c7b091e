/** How the local source follows a watch, on a scripted API server; tests/integration/source compares it with the real adapters. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { startLocalSource, type LocalSource, type LocalSourceOptions } from "../../../events/source/local-source.ts";
import { startRecorder, type Recorder } from "./recorder.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** Opens one watch: writes what it likes and ends it, or keeps it open. */
type Script = (watch: ServerResponse) => void;

interface Api {
  readonly server: string;
  /** Paths and queries of lists and watches, in order, without the random time limit. */
  readonly asked: readonly string[];
}

const serve = async (scripts: readonly Script[]): Promise<Api> => {
  const asked: string[] = [];
  const waiting = [...scripts];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://api");
    url.searchParams.delete("timeoutSeconds");
    if (url.pathname === "/api/v1") {
      response.end(
        JSON.stringify({
          resources: [
            { name: "pods", namespaced: true },
            { name: "pods/status", namespaced: true },
          ],
        }),
      );
      return;
    }
    asked.push(url.pathname + url.search);
    if (!url.searchParams.has("watch")) {
      response.end(JSON.stringify({ metadata: { resourceVersion: `${asked.length}00` }, items: [pod("old", 1)] }));
      return;
    }
    response.flushHeaders();
    waiting.shift()?.(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

const pod = (name: string, version: number): unknown => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "data", uid: name, resourceVersion: String(version) },
});

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

const expired = { kind: "Status", apiVersion: "v1", metadata: {}, code: 410, message: "too old resource version" };

interface Run {
  readonly source: LocalSource;
  readonly sink: Recorder;
  readonly logged: readonly string[];
}

const run = async ({ server }: Api, options: Partial<LocalSourceOptions> = {}): Promise<Run> => {
  const sink = await startRecorder();
  closers.push(sink.close);
  const logged: string[] = [];
  const source = await startLocalSource({
    sink: new URL(sink.url),
    kubeConfig: {
      getCurrentCluster: () => ({ name: "c", server, skipTLSVerify: false }),
      applyToHTTPSOptions: () => Promise.resolve(),
    },
    origin: { namespace: "data", name: "objects" },
    resources: [{ apiVersion: "v1", plural: "pods", labelSelector: "app=db" }],
    namespaces: ["data"],
    mode: "Resource",
    schedule: undefined,
    log: (text) => void logged.push(text),
    ...options,
  });
  closers.push(source.stop);
  return { source, sink, logged };
};

const seen = ({ received }: Recorder): readonly string[] =>
  received.map(({ headers }) => `${headers["ce-type"]?.split(".").at(-1)} ${headers["ce-name"]}`);

const PODS = "/api/v1/namespaces/data/pods";
const watchFrom = (version: string): string =>
  `${PODS}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}&labelSelector=app%3Ddb`;

it("a watch that ends is resumed at once from the last event or bookmark, in silence", async () => {
  const api = await serve([
    (watch) => watch.end(line("ADDED", pod("a", 101)) + line("BOOKMARK", pod("", 150))),
    (watch) => watch.end(line("MODIFIED", pod("a", 160))),
    (watch) => watch.write(line("DELETED", pod("a", 161))),
  ]);
  const { sink, logged } = await run(api);
  await sink.count(3);
  expect(seen(sink)).toEqual(["add a", "update a", "delete a"]);
  expect(api.asked).toEqual([
    `${PODS}?limit=1&labelSelector=app%3Ddb`,
    watchFrom("100"),
    watchFrom("150"),
    watchFrom("160"),
  ]);
  expect(logged).toEqual([]);
});

it("after 410 it lists again in silence and reports nothing of the gap", async () => {
  const api = await serve([
    (watch) => watch.end(line("ERROR", expired)),
    (watch) => watch.write(line("ADDED", pod("b", 301))),
  ]);
  const { sink, logged } = await run(api);
  await sink.count(1);
  expect(seen(sink)).toEqual(["add b"]);
  expect(api.asked.slice(1)).toEqual([watchFrom("100"), `${PODS}?limit=1&labelSelector=app%3Ddb`, watchFrom("300")]);
  expect(logged).toEqual([]);
});

it("a broken watch is reported once and resumed where it was", async () => {
  const api = await serve([
    (watch) => watch.write(line("ADDED", pod("a", 101)), () => setImmediate(() => watch.destroy())),
    (watch) => watch.write(line("DELETED", pod("a", 102))),
  ]);
  const { sink, logged } = await run(api);
  await sink.count(2);
  expect(api.asked.at(-1)).toBe(watchFrom("101"));
  expect(logged).toEqual([expect.stringMatching(`^${PODS}: .*; retrying$`)]);
});

it("an event is sent when the one before it was answered", async () => {
  const api = await serve([(watch) => watch.write(line("ADDED", pod("a", 101)) + line("ADDED", pod("b", 102)))]);
  const { sink } = await run(api);
  sink.answer(503);
  await sink.count(3);
  expect(seen(sink)).toEqual(["add a", "add a", "add b"]);
});

it("an event that finds no taker in six attempts is dropped with one line, after 3.1 seconds", async () => {
  const api = await serve([(watch) => watch.write(line("ADDED", pod("a", 101)) + line("ADDED", pod("b", 102)))]);
  const { sink, logged } = await run(api);
  sink.answer(404, 413, 425, 429, 502, 504);
  await sink.count(7);
  expect(seen(sink).filter((text) => text === "add a")).toHaveLength(6);
  expect(logged).toEqual(["dropped dev.knative.apiserver.resource.add /apis/v1/namespaces/data/pods/a: status 504"]);
  const [first, , , , , sixth] = sink.received;
  expect((sixth?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(3095);
});

it.each([400, 408, 409, 500])("an event that is answered with %i is dropped at once", async (code) => {
  const api = await serve([(watch) => watch.write(line("ADDED", pod("a", 101)) + line("ADDED", pod("b", 102)))]);
  const { sink, logged } = await run(api);
  sink.answer(code);
  await sink.count(2);
  expect(seen(sink)).toEqual(["add a", "add b"]);
  expect(logged).toEqual([expect.stringContaining(`status ${code}`)]);
});

it("an event that nobody answers is dropped after fifteen seconds, which pass a hundredfold here; the next one gets through", async () => {
  const real = AbortSignal.timeout.bind(AbortSignal);
  const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => real(ms / 100));
  closers.push(() => Promise.resolve(timeout.mockRestore()));
  const api = await serve([(watch) => watch.write(line("ADDED", pod("a", 101)) + line("ADDED", pod("b", 102)))]);
  const { sink, logged } = await run(api);
  sink.hang();
  await sink.count(2);
  expect(seen(sink)).toEqual(["add a", "add b"]);
  const [first, second] = sink.received;
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(145);
  expect(logged).toEqual([expect.stringMatching(/^dropped .*\/pods\/a: TimeoutError/)]);
});

it("stop ends the watch and an attempt that hangs, and nothing more is sent", async () => {
  const api = await serve([(watch) => watch.write(line("ADDED", pod("a", 101)) + line("ADDED", pod("b", 102)))]);
  const { source, sink, logged } = await run(api);
  sink.hang();
  await sink.count(1);
  await source.stop();
  expect(seen(sink)).toEqual(["add a"]);
  expect(logged).toEqual([]);
});

const CRON_ACCEPTS = "accepts five cron fields, six with seconds, or @hourly and the like";

it.each([
  [
    { resources: [{ apiVersion: "v1", plural: "podz", labelSelector: undefined }] },
    "resource v1/podz: not served; v1 has pods",
  ],
  [{ schedule: { cron: "* * * * * * *", data: undefined } }, `schedule: got "* * * * * * *", ${CRON_ACCEPTS}`],
  [{ schedule: { cron: "@every 5s", data: undefined } }, `schedule: got "@every 5s", ${CRON_ACCEPTS}`],
])("a start with %j fails and says why", async (options, message) => {
  const api = await serve([]);
  await expect(run(api, options)).rejects.toThrow(message);
});
