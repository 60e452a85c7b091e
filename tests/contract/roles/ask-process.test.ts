/** The role application as processes on addresses of their own, changed over their control port, stopped and killed. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { grpcAsker, type LeaderAnswer } from "../../../functions/roles/ask/ask.ts";
import { runCommand } from "../../../infra/lab/command.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { createProcessGroup, type ProcessGroup } from "../../../infra/lab/processes.ts";
import { createMutualCertificates } from "../../../infra/lab/role-app-certificates.ts";
import {
  startRoleAppProcess,
  type RoleAppProcess,
  type RoleAppProcessOptions,
} from "../../../infra/lab/role-app-process.ts";
import { startSink, type Sink } from "../../integration/support/sink.ts";

const ASK = path.resolve(import.meta.dirname, "../../../functions/roles/ask/ask.ts");
const ROLE_APP = path.resolve(import.meta.dirname, "../../../infra/lab/role-app.ts");

interface Stage {
  readonly folder: string;
  readonly processes: ProcessGroup;
  readonly sink: Sink;
}

let stage: Stage | undefined;

beforeAll(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "bellwether-role-app-"));
  stage = { folder, processes: createProcessGroup(folder), sink: await startSink() };
});

afterAll(async () => {
  stage?.sink.close();
  await stage?.processes.stop();
});

const running: RoleAppProcess[] = [];

afterEach(async () => {
  for (const app of running) app.process.kill("SIGKILL");
  await Promise.all(running.splice(0).map((app) => app.process.exited));
});

const start = async (options: Pick<RoleAppProcessOptions, "id" | "host" | "tls">): Promise<RoleAppProcess> => {
  if (stage === undefined) throw new Error("there is no stage");
  const { folder, processes, sink } = stage;
  const claims = { sink: sink.url, namespace: "data" };
  const app = await startRoleAppProcess(processes, { ...options, folder, claims });
  running.push(app);
  return app;
};

const HANG_MS = 60_000;

test(
  "leadership moves among three processes, and each claims it when its turn comes",
  { timeout: 30_000 },
  async () => {
    const apps = await Promise.all(
      ["127.0.0.2", "127.0.0.3", "127.0.0.4"].map((host, index) => start({ id: `db-${index}`, host })),
    );
    for (const leader of apps) {
      // oxlint-disable-next-line no-await-in-loop -- one leads after the other
      const claims = await Promise.all(apps.map((app) => app.behave({ leads: app === leader })));
      expect(claims).toEqual(apps.map((app) => (app === leader ? 204 : undefined)));
      // oxlint-disable-next-line no-await-in-loop
      expect(await grpcAsker.leaderStatus(apps)).toEqual(
        apps.map((app) => ({ kind: "answered", leads: app === leader })),
      );
    }
    expect(stage?.sink.events.map(({ type, source, name }) => ({ type, source, name }))).toEqual(
      ["db-0", "db-1", "db-2"].map((name) => ({
        type: "dev.bellwether.role.claimed.v1",
        source: `/apis/v1/namespaces/data/pods/${name}`,
        name,
      })),
    );
  },
);

const silent = (why: string): readonly LeaderAnswer[] => [{ kind: "silent", why }];

describe("a process that is", () => {
  test("killed while it is asked is silent at once", { timeout: 30_000 }, async () => {
    const app = await start({ id: "db-0", host: "127.0.0.1" });
    await app.behave({ fault: "hang" });
    const asking = grpcAsker.leaderStatus([app], { deadlineMs: HANG_MS });
    await expect.poll(async () => (await app.state()).asked.leaderStatus).toBe(1);
    app.process.kill("SIGKILL");
    expect(await asking).toEqual(silent("it closed the connection without an answer"));
    await app.process.exited;
    expect(await grpcAsker.leaderStatus([app])).toEqual(silent("it refuses connections on this port"));
  });

  test("stopped is silent at the deadline, and answers when it goes on", { timeout: 30_000 }, async () => {
    const app = await start({ id: "db-0", host: "127.0.0.1" });
    app.process.kill("SIGSTOP");
    expect(await grpcAsker.leaderStatus([app], { deadlineMs: 150 })).toEqual(silent("no connection within 150 ms"));
    app.process.kill("SIGCONT");
    expect(await grpcAsker.leaderStatus([app], { deadlineMs: HANG_MS })).toEqual([{ kind: "answered", leads: false }]);
  });
});

test("whoever has asked can end: no timer, socket or channel holds the process", { timeout: 30_000 }, async () => {
  const apps = await Promise.all([start({ id: "db-0", host: "127.0.0.1" }), start({ id: "db-1", host: "127.0.0.1" })]);
  await apps[0]?.behave({ fault: "hang" });
  const targets = JSON.stringify([...apps.map(({ host, port }) => ({ host, port })), { host: "127.0.0.1", port: 1 }]);
  const script = `
    import { grpcAsker } from ${JSON.stringify(ASK)};
    const answers = await grpcAsker.leaderStatus(${targets}, { deadlineMs: 2000 });
    process.stdout.write(answers.map(({ kind }) => kind).join(" ") + "\\n");
    const asked = performance.now();
    process.once("exit", () => process.stdout.write(String(performance.now() - asked)));
  `;
  const output = await runCommand(process.execPath, ["--input-type=module-typescript", "--eval", script]);
  const [kinds, lingeredMs] = output.split("\n");
  expect(kinds).toBe("silent answered silent");
  expect(Number(lingeredMs)).toBeLessThan(900);
});

test("a process speaks mutual TLS", { timeout: 30_000 }, async () => {
  const { caPem, server, client } = await createMutualCertificates(["db-0.db"]);
  const app = await start({ id: "db-0", host: "127.0.0.5", tls: { ...server, clientCaPem: caPem } });
  const tls = {
    ca: Buffer.from(caPem),
    client: { certificate: Buffer.from(client.certificatePem), key: Buffer.from(client.keyPem) },
    serverName: "db-0.db",
  };
  expect(await grpcAsker.leaderStatus([app], { tls, deadlineMs: HANG_MS })).toEqual([
    { kind: "answered", leads: false },
  ]);
  expect(await grpcAsker.leaderStatus([app], { tls: { ...tls, client: undefined }, deadlineMs: HANG_MS })).toEqual([
    { kind: "silent", why: "it refuses the TLS handshake: certificate required" },
  ]);
});

test(
  "a change that makes no sense is refused with field, value and what is accepted",
  { timeout: 30_000 },
  async () => {
    const app = await start({ id: "db-0", host: "127.0.0.1" });
    await expect(app.behave({ delayMs: -1 })).rejects.toThrow("delayMs: got -1, accepted is a whole number from 0");
    expect((await app.state()).behaviour.delayMs).toBe(0);
  },
);

test("flags that make no sense end the process with a message", async () => {
  const flags = ["--id", "db-0", "--control-port", String(await freePort()), "--port", "70000"];
  await expect(runCommand(process.execPath, [ROLE_APP, ...flags])).rejects.toThrow(
    '--port: got "70000", accepted is 1 to 65535',
  );
});
