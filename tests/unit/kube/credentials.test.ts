/** Where the API server is looked for, and that rotated files are noticed at the stated times. */
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCredentials, locateApiServer } from "../../../functions/kit/kube/credentials.ts";

describe("locateApiServer", () => {
  test("in a pod it is the service account's", () => {
    expect(locateApiServer({ KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "6443" })).toEqual({
      server: "https://10.96.0.1:6443",
      tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
      caFile: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
    });
  });

  test("an IPv6 address gets its brackets, a missing port is 443", () => {
    expect(locateApiServer({ KUBERNETES_SERVICE_HOST: "fd00::1" })).toMatchObject({ server: "https://[fd00::1]:443" });
  });

  test("an explicit server wins, and its files are optional", () => {
    const environment = { BELLWETHER_API_SERVER: "http://127.0.0.1:8001", KUBERNETES_SERVICE_HOST: "10.96.0.1" };
    expect(locateApiServer(environment)).toEqual({
      server: "http://127.0.0.1:8001",
      tokenFile: undefined,
      caFile: undefined,
    });
  });

  test.each([["localhost:6443"], ["ftp://example.com"], ["six"]])(
    "%s is refused with a message that names it",
    (server) => {
      const message = locateApiServer({ BELLWETHER_API_SERVER: server });
      expect(message).toContain(`BELLWETHER_API_SERVER is "${server}"`);
    },
  );

  test("says what to set when there is nothing", () => {
    expect(locateApiServer({})).toContain("BELLWETHER_API_SERVER is not set");
  });
});

describe("createCredentials", () => {
  let folder = "";
  let tokenFile = "";
  let now = 0;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "bellwether-"));
    tokenFile = path.join(folder, "token");
    now = 0;
    await writeFile(tokenFile, "first\n");
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const create = (): ReturnType<typeof createCredentials> =>
    createCredentials({ server: "https://example.com", tokenFile, caFile: undefined }, () => now);

  const rotate = async (token: string): Promise<void> => {
    await writeFile(tokenFile, token);
    const later = new Date(Date.now() + 60_000);
    await utimes(tokenFile, later, later);
  };

  test("the token is trimmed, and without a CA file there is no CA", () => {
    const { token, ca } = create();
    expect(token()).toBe("first");
    expect(ca()).toBeUndefined();
  });

  test("a rotated token is noticed after a second, not before", async () => {
    const { token } = create();
    expect(token()).toBe("first");
    await rotate("second");
    now = 999;
    expect(token()).toBe("first");
    now = 1000;
    expect(token()).toBe("second");
  });

  test("after a 401 the next call reads it again", async () => {
    const { token, onUnauthorized } = create();
    expect(token()).toBe("first");
    await rotate("second");
    onUnauthorized();
    expect(token()).toBe("second");
  });

  test.each([
    ["vanishes", async () => rm(tokenFile)],
    ["is empty", async () => rotate("")],
  ])("the last token stays while the file %s", async (_what, damage) => {
    const { token } = create();
    await damage();
    now = 5000;
    expect(token()).toBe("first");
  });

  test("a file that cannot be read at the start is an error that names it", async () => {
    await rm(tokenFile);
    expect(create).toThrow(/cannot read the token of the API server: .*token/);
  });
});
