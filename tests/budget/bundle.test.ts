/** What may be in the bundle, how large it may be, what is loaded at the start, and what one cold start costs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { measureColdStart } from "../../bench/cold-start/measure.ts";
import type { ColdStart } from "../../bench/cold-start/measure.ts";
import { setStage } from "../../bench/cold-start/variants.ts";
import type { Stage } from "../../bench/cold-start/variants.ts";
import type { Asker } from "../../functions/roles/ask/ask.ts";
import { startRoleApp } from "../../infra/lab/role-app-server.ts";
import { bundle, ENTRIES } from "../../infra/tools/build.ts";

/**
 * What three features need and hardly more, so that growth is a decision: 172 KB are loaded at the start (the kit 64, active/standby with its
 * route mode 45, roles 28, the election 21), and cloudevents is 69 KB that are loaded with a sink. It was 200 KiB while the election was alone.
 */
const SIZE_LIMIT_BYTES = 236 * 1024;
/** Of the file with gRPC, which only those load who have a LeaderStatusChecker. */
const GRPC_SIZE_LIMIT_BYTES = 320 * 1024;
/** CPU time of a cold start with a first election (5 pods, 30 API calls), as a multiple of an idle HTTP server's. */
const CPU_LIMIT_RATIO = 4;
const STARTS = 3;
const GRPC = "functions/roles/ask/grpc.ts";

describe("the bundle", () => {
  let folder = "";
  let outputs: Metafile["outputs"] = {};

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "bellwether-budget-"));
    ({ outputs } = await bundle(path.join(folder, "build")));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  const nameOf = (entry: string): string =>
    Object.keys(outputs).find((name) => outputs[name]?.entryPoint === entry) ?? `no output for ${entry}`;

  /** The files that importing an output loads at once. */
  const loadedBy = (name: string, seen: Set<string> = new Set()): ReadonlySet<string> => {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const { path: imported, kind } of outputs[name]?.imports ?? []) {
      // Files of the bundle are named relative to the one that loads them, modules of Node.js as they are.
      if (kind === "require-call" && imported.startsWith("./")) loadedBy(path.join(path.dirname(name), imported), seen);
    }
    return seen;
  };

  const inputsOf = (names: Iterable<string>): readonly string[] =>
    [...names].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));

  test.each(["functions/main.ts", "functions/index.ts"])("%s is one of its entries", (entry) => {
    expect(outputs).toHaveProperty([nameOf(entry)]);
  });

  test("is smaller than 236 KiB, everything that is loaded later included, save gRPC", () => {
    const others = Object.entries(outputs).filter(([name]) => name !== nameOf(GRPC));
    const sizes = others.map(([name, { bytes }]) => (name.endsWith(".js") ? bytes : 0));
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(SIZE_LIMIT_BYTES);
  });

  test("keeps gRPC in one file of less than 320 KiB, without what parses protocols", () => {
    expect(outputs[nameOf(GRPC)]?.bytes).toBeLessThan(GRPC_SIZE_LIMIT_BYTES);
    const elsewhere = inputsOf(Object.keys(outputs).filter((name) => name !== nameOf(GRPC)));
    expect(elsewhere.filter((input) => /@grpc\/|@bufbuild\/|^proto\//.test(input))).toEqual([]);
    expect(inputsOf([nameOf(GRPC)]).filter((input) => /proto-loader|protobufjs/.test(input))).toEqual([]);
  });

  test("index.js can be given to faas-js-runtime: it exports what kn func calls", async () => {
    const fn: object = await import(path.join(folder, "build/index.js"));
    expect(Object.keys(fn)).toEqual(
      expect.arrayContaining(["handle", "init", "shutdown", "liveness", "readiness", "metrics"]),
    );
  });

  test("main.js loads index.js instead of containing it again", () => {
    expect(inputsOf([nameOf("functions/main.ts")])).not.toContain("functions/election/feature.ts");
    expect(inputsOf([nameOf("functions/index.ts")])).toContain("functions/election/feature.ts");
  });

  test("contains no Kubernetes client", () => {
    expect(inputsOf(Object.keys(outputs)).filter((input) => input.includes("@kubernetes/"))).toEqual([]);
  });

  test("loads two files at the start, and none else before it is needed", () => {
    expect([...loadedBy(nameOf("functions/main.ts"))].toSorted()).toEqual(
      [nameOf("functions/index.ts"), nameOf("functions/main.ts")].toSorted(),
    );
  });

  test("loads no package at the start, not even cloudevents", () => {
    const inputs = inputsOf(loadedBy(nameOf("functions/main.ts")));
    expect(inputs).toEqual(expect.arrayContaining(["functions/kit/host/server.ts", "functions/election/feature.ts"]));
    expect(inputs.filter((input) => input.includes("node_modules/"))).toEqual([]);
  });
});

test("pods are asked with the bundled gRPC, which is loaded by the first question", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "bellwether-budget-"));
  const app = await startRoleApp({ id: "db-0", behaviour: { leads: true } });
  try {
    const { outputs } = await bundle(folder, { ...ENTRIES, ask: "functions/roles/ask/ask.ts" });
    const ask = Object.values(outputs).find(({ entryPoint }) => entryPoint === "functions/roles/ask/ask.ts");
    expect(ask?.imports).toEqual([{ path: "./grpc.js", kind: "dynamic-import", external: true }]);
    const { grpcAsker } = (await import(path.join(folder, "ask.js"))) as { readonly grpcAsker: Asker };
    expect(await grpcAsker.leaderStatus([{ host: "127.0.0.1", port: app.port }])).toEqual([
      { kind: "answered", leads: true },
    ]);
  } finally {
    await app.close();
    await rm(folder, { recursive: true });
  }
});

// CPU times are read from /proc.
describe.runIf(process.platform === "linux")("a cold start of the built function", () => {
  let stage: Stage | undefined;

  beforeAll(async () => {
    stage = await setStage();
  });

  afterAll(async () => stage?.close());

  const start = async (variant: "floor" | "function"): Promise<ColdStart> => {
    if (stage === undefined) throw new Error("there is no stage");
    return measureColdStart(stage.begin(variant));
  };

  test("patches pods for its first event", async () => {
    await start("function");
    expect(
      stage?.api.requests.filter((request) => request.startsWith("PATCH /api/v1/namespaces/data/pods/")),
    ).not.toEqual([]);
  });

  test("costs less than four times the CPU time of an empty HTTP server", { timeout: 60_000 }, async () => {
    const floor: number[] = [];
    const ours: number[] = [];
    for (let round = 0; round < STARTS; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one process at a time
      floor.push((await start("floor")).cpuMs);
      // oxlint-disable-next-line no-await-in-loop -- one process at a time
      ours.push((await start("function")).cpuMs);
    }
    expect(Math.min(...ours) / Math.min(...floor)).toBeLessThan(CPU_LIMIT_RATIO);
  });
});
