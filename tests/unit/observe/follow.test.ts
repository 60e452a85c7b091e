/** How the observer follows one kind on a server that misbehaves: it goes on where it was, says what it missed, and never asks hot. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { connectCluster } from "../../../events/source/cluster.ts";
import type { Gap, Revision } from "../../../functions/kit/history/revision.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { createCollection } from "../../../infra/observe/collection.ts";
import { follow } from "../../../infra/observe/follow.ts";

const PATH = "/api/v1/pods";
/** The first pause is at least as long, the next one twice as long. */
const PAUSE_MS = 200;
const LATE_MS = 10_000;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** Opens one watch: writes what it likes and ends it, or keeps it open. */
type Script = (watch: ServerResponse) => void;

interface Asked {
  readonly what: "list" | `watch from ${string}`;
  readonly at: number;
}

interface Run {
  readonly asked: readonly Asked[];
  readonly revisions: readonly Revision[];
  readonly gaps: readonly Gap[];
  readonly troubles: readonly string[];
  /** Resolves to the requests once there were so many. */
  readonly requests: (count: number) => Promise<readonly Asked[]>;
}

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const pod = (name: string, version: number): unknown => ({
  metadata: { name, uid: name, resourceVersion: String(version) },
});
const EXPIRED = line("ERROR", { kind: "Status", metadata: {}, code: 410, message: "too old resource version" });

/** The n-th list has version n00. The last script is that of all further watches. */
const run = async (scripts: readonly Script[]): Promise<Run> => {
  const asked: Asked[] = [];
  const waiters = new Map<number, () => void>();
  const waiting = [...scripts];
  let lists = 0;
  const note = (what: Asked["what"]): void => {
    asked.push({ what, at: performance.now() });
    waiters.get(asked.length)?.();
  };
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://api");
    if (searchParams.get("watch") === "true") {
      response.flushHeaders();
      (waiting.length > 1 ? waiting.shift() : waiting[0])?.(response);
      note(`watch from ${searchParams.get("resourceVersion")}`);
    } else {
      lists += 1;
      response.end(JSON.stringify({ metadata: { resourceVersion: `${lists}00` }, items: [] }));
      note("list");
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const [revisions, gaps, troubles]: [Revision[], Gap[], string[]] = [[], [], []];
  const stop = new AbortController();
  const journal = { tell: (revision: Revision) => revisions.push(revision), miss: (gap: Gap) => gaps.push(gap) };
  const cluster = connectCluster({
    getCurrentCluster: () => ({
      name: "scripted",
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      skipTLSVerify: false,
    }),
    applyToHTTPSOptions: () => Promise.resolve(),
  });
  const onTrouble = (trouble: unknown): void => void troubles.push(String(trouble));
  const { ended } = follow({ cluster, path: PATH, signal: stop.signal, onTrouble }, createCollection(PODS, journal));
  closers.push(async () => {
    stop.abort();
    await ended;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const requests = (count: number): Promise<readonly Asked[]> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`only ${JSON.stringify(asked)}`)), LATE_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve(asked.slice(0, count));
      };
      if (asked.length >= count) done();
      else waiters.set(count, done);
    });
  return { asked, revisions, gaps, troubles, requests };
};

/** Milliseconds between those requests. */
const pausesBetween = (asked: readonly Asked[], isMeant: (what: string) => boolean): readonly number[] => {
  const times = asked.filter(({ what }) => isMeant(what)).map(({ at }) => at);
  return times.slice(1).map((at, index) => at - (times[index] ?? 0));
};

const isLeft = (what: string): boolean => what === "list";

test("a watch that ends with events is gone on with at once, from the last version", async () => {
  const { requests, troubles } = await run([
    (watch) => watch.end(line("ADDED", pod("a", 101)) + line("BOOKMARK", pod("", 150))),
    () => undefined,
  ]);
  expect((await requests(3)).map(({ what }) => what)).toEqual(["list", "watch from 100", "watch from 150"]);
  expect(troubles).toEqual([]);
});

test("a server that forgets each version at once is asked for a list after ever longer pauses", async () => {
  const { requests, gaps } = await run([(watch) => watch.end(EXPIRED)]);
  const asked = await requests(5);
  expect(asked.map(({ what }) => what)).toEqual(["list", "watch from 100", "list", "watch from 200", "list"]);
  const [first = 0, second = 0] = pausesBetween(asked, isLeft);
  expect(first).toBeGreaterThanOrEqual(PAUSE_MS);
  expect(second).toBeGreaterThanOrEqual(2 * PAUSE_MS);
  expect(gaps[0]).toEqual({ resource: "pods", after: "100", until: "200" });
});

test("the pauses grow also when each of these watches told something before", async () => {
  let watches = 0;
  const { requests } = await run([
    (watch) => {
      watches += 1;
      watch.end(line("MODIFIED", pod("a", watches * 100 + 1)) + EXPIRED);
    },
  ]);
  const [first = 0, second = 0] = pausesBetween(await requests(5), isLeft);
  expect(first).toBeGreaterThanOrEqual(PAUSE_MS);
  expect(second).toBeGreaterThanOrEqual(2 * PAUSE_MS);
});

test.each([
  ["without a word", ""],
  ["after a bookmark of the version that it began from", line("BOOKMARK", pod("", 100))],
])("a watch that is accepted and ended at once %s is opened again after ever longer pauses", async (_, text) => {
  const { requests, troubles } = await run([(watch) => watch.end(text)]);
  const asked = await requests(4);
  expect(asked.map(({ what }) => what)).toEqual(["list", "watch from 100", "watch from 100", "watch from 100"]);
  const [first = 0, second = 0] = pausesBetween(asked, (what) => what !== "list");
  expect(first).toBeGreaterThanOrEqual(PAUSE_MS);
  expect(second).toBeGreaterThanOrEqual(2 * PAUSE_MS);
  expect(troubles[0]).toMatch(/ended at once/);
});

test("a watch that is cut after it was accepted is opened again after ever longer pauses", async () => {
  const { requests } = await run([(watch) => watch.write(" ", () => watch.destroy())]);
  const [first = 0, second = 0] = pausesBetween(await requests(4), (what) => what !== "list");
  expect(first).toBeGreaterThanOrEqual(PAUSE_MS);
  expect(second).toBeGreaterThanOrEqual(2 * PAUSE_MS);
});
