/** The lab keeps its promises: separate labs, the shipped permissions, faults on request, and nothing left behind. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApi, succeed, type Api } from "../../../infra/lab/api.ts";
import { readAuditLog } from "../../../infra/lab/audit.ts";
import { startControlPlane, type ControlPlane } from "../../../infra/lab/control-plane.ts";

const apiAs = (plane: ControlPlane, identity: string): Api =>
  createApi({ server: plane.server, caPem: plane.caPem, token: plane.token(identity) });

const configMap = (name: string): { readonly body: unknown } => ({ body: { metadata: { name } } });
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

describe("two labs side by side", () => {
  let first: ControlPlane;
  let second: ControlPlane;
  beforeAll(async () => {
    [first, second] = await Promise.all([startControlPlane({ auditLog: true }), startControlPlane()]);
  });
  afterAll(() => Promise.all([first.stop(), second.stop()]));

  it("share no objects", async () => {
    await succeed(apiAs(first, "admin"), "POST", CONFIG_MAPS, configMap("only-here"));
    const { status } = await apiAs(second, "admin").call("GET", `${CONFIG_MAPS}/only-here`);
    expect(status).toBe(404);
  });

  it("share no tokens and no certificate authority", async () => {
    const foreignToken = createApi({ server: second.server, caPem: second.caPem, token: first.token("admin") });
    expect((await foreignToken.call("GET", "/api/v1/namespaces")).status).toBe(401);
    const foreignCa = createApi({ server: second.server, caPem: first.caPem, token: second.token("admin") });
    await expect(foreignCa.call("GET", "/version")).rejects.toThrow(/signature|certificate/);
  });

  it("serve the shipped CRD, with the shipped roles", async () => {
    const path = "/apis/app.anukkrit.me/v1/statefulsetlocks";
    expect((await apiAs(first, "bellwether").call("GET", path)).status).toBe(200);
  });

  it("refuse what the function's role does not grant", async () => {
    const api = apiAs(first, "bellwether");
    const calls = [
      ["POST", "/api/v1/namespaces/default/pods"],
      ["DELETE", "/api/v1/namespaces/default/pods/any"],
      ["PUT", "/apis/apps/v1/namespaces/default/statefulsets/any"],
      ["GET", "/api/v1/secrets"],
      ["GET", "/api/v1/pods?watch=true"],
    ] as const;
    const answers = await Promise.all(calls.map(([method, path]) => api.call(method, path, { body: {} })));
    expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 403));
  });

  it("name the known identities when an unknown one is asked for", () => {
    expect(() => first.token("nobody")).toThrow(/"nobody".*admin, bellwether, bellwether-scaler, bellwether-sources/);
  });

  it("log each write once, with its user", async () => {
    await succeed(apiAs(first, "admin"), "POST", CONFIG_MAPS, configMap("audited"));
    const seen = readAuditLog(first.auditLogFile).filter((event) => event.objectRef?.name === "audited");
    expect(seen.map(({ verb, user }) => [verb, user.username])).toEqual([["create", "admin"]]);
  });
});

describe("faults", () => {
  it("an API server killed and restarted keeps its objects", async () => {
    const plane = await startControlPlane();
    try {
      const before = apiAs(plane, "admin");
      await succeed(before, "POST", CONFIG_MAPS, configMap("kept"));
      plane.kill("kube-apiserver", "SIGKILL");
      await plane.restart("kube-apiserver");
      const { status } = await apiAs(plane, "admin").call("GET", `${CONFIG_MAPS}/kept`);
      expect(status).toBe(200);
    } finally {
      await plane.stop();
    }
  });

  it("a part that ends early is reported with its log, and nothing is left", async () => {
    const dataDir = `${process.env["TMPDIR"] ?? "/tmp"}/bellwether-lab-broken-${process.pid}`;
    const start = startControlPlane({ dataDir, apiServerArgs: ["--no-such-flag"] });
    await expect(start).rejects.toThrow(/kube-apiserver ended with 1.*unknown flag: --no-such-flag/s);
    expect(existsSync(dataDir)).toBe(false);
  });
});
