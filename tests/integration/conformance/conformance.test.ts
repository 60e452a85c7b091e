/** The memory API answers as the real API server does, except where the script says that it does not. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ControlPlane } from "../../../infra/lab/control-plane.ts";
import { startControlPlane } from "../../../infra/lab/control-plane.ts";
import { createMemoryApi } from "../../../infra/lab/memory/api.ts";
import type { Outcome } from "../../../infra/lab/memory/conformance.ts";
import { differences, differencesOfOldest, runConformance } from "../../../infra/lab/memory/conformance.ts";
import { createClient } from "../../../infra/lab/memory/conformance/client.ts";
import { serveMemoryApi } from "../../../infra/lab/memory/http.ts";
import { modulesOf, PARTS } from "../../../infra/lab/versions.ts";
import { shippedCrds } from "../../unit/memory/support.ts";

const onMemory = async (): Promise<readonly Outcome[]> => {
  const api = createMemoryApi({ now: () => Date.now(), crds: shippedCrds });
  const server = await serveMemoryApi(api);
  const client = createClient({ url: server.url });
  try {
    return await runConformance(client, { namespace: "conformance", loseHistory: () => api.compact() });
  } finally {
    client.close();
    await server.close();
  }
};

const onReal = async ({ server, caPem, token }: ControlPlane): Promise<readonly Outcome[]> => {
  const client = createClient({ url: server, ca: caPem, token: token("admin") });
  try {
    // Watches of a resource that was defined later than revision 1 cannot begin there anyway.
    return await runConformance(client, { namespace: "conformance", loseHistory: () => undefined });
  } finally {
    client.close();
  }
};

const isOldest = modulesOf(PARTS["kube-apiserver"]) === "kubernetes-oldest";
const listed: Readonly<Record<string, string>> = { ...differences, ...(isOldest ? differencesOfOldest : {}) };

const unlisted = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.filter(({ name }) => listed[name] === undefined);

describe("conformance", () => {
  let plane: ControlPlane;
  let memory: readonly Outcome[] = [];
  let real: readonly Outcome[] = [];
  beforeAll(async () => {
    plane = await startControlPlane();
    memory = await onMemory();
    real = await onReal(plane);
  });
  afterAll(() => plane.stop());

  it("runs the same steps on both", () => {
    expect(memory.map(({ name }) => name)).toEqual(real.map(({ name }) => name));
    expect(new Set(real.map(({ name }) => name)).size).toBe(real.length);
  });

  it("finds no difference that is not listed", () => {
    expect(unlisted(memory)).toEqual(unlisted(real));
  });

  it.each(Object.keys(listed))("still finds the listed difference: %s", (step) => {
    const got = (outcomes: readonly Outcome[]): unknown => outcomes.find(({ name }) => name === step)?.got;
    expect(got(real)).toBeDefined();
    expect(got(memory)).not.toEqual(got(real));
  });
});
