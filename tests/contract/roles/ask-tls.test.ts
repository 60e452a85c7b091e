/** Asking over TLS and mutual TLS: who must show what, and what is said when it does not fit. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grpcAsker, type LeaderAnswer, type Tls } from "../../../functions/roles/ask/ask.ts";
import {
  createMutualCertificates,
  type Identity,
  type MutualCertificates,
} from "../../../infra/lab/role-app-certificates.ts";
import { startRoleApp, type RoleApp, type RoleAppOptions } from "../../../infra/lab/role-app-server.ts";

const HOST = "127.0.0.1";
const NAME = "db-0.db.data.svc.cluster.local";
const LEADS: LeaderAnswer = { kind: "answered", leads: true };

interface Stage {
  readonly certificates: MutualCertificates;
  readonly strangers: MutualCertificates;
  readonly plain: RoleApp;
  readonly tls: RoleApp;
  readonly mutual: RoleApp;
  readonly muteTls: RoleApp;
}

let stage: Stage | undefined;

const the = (): Stage => {
  if (stage === undefined) throw new Error("there is no stage");
  return stage;
};

const start = (options: Partial<RoleAppOptions>): Promise<RoleApp> =>
  startRoleApp({ id: "db-0", behaviour: { leads: true }, ...options });

beforeAll(async () => {
  const [certificates, strangers] = await Promise.all([
    createMutualCertificates([HOST, NAME]),
    createMutualCertificates([HOST, NAME]),
  ]);
  const { server, caPem } = certificates;
  stage = {
    certificates,
    strangers,
    plain: await start({}),
    tls: await start({ tls: server }),
    mutual: await start({ tls: { ...server, clientCaPem: caPem } }),
    muteTls: await start({ tls: server, behaviour: { fault: "mute" } }),
  };
});

afterAll(async () => {
  const { plain, tls, mutual, muteTls } = the();
  await Promise.all([plain, tls, mutual, muteTls].map((app) => app.close()));
});

const clientOf = ({ certificatePem, keyPem }: Identity): Tls["client"] => ({
  certificate: Buffer.from(certificatePem),
  key: Buffer.from(keyPem),
});

/** What fits, and what a test gives instead. */
const tlsWith = (other: Partial<Tls> = {}): Tls => ({
  ca: Buffer.from(the().certificates.caPem),
  client: clientOf(the().certificates.client),
  ...other,
});

const ask = async ({ port }: RoleApp, tls: Tls | undefined): Promise<LeaderAnswer | undefined> =>
  (await grpcAsker.leaderStatus([{ host: HOST, port }], { tls, deadlineMs: 2_000 }))[0];

const silent = (why: string): LeaderAnswer => ({ kind: "silent", why });

describe("an answer comes", () => {
  test("over TLS, without a client certificate", async () => {
    expect(await ask(the().tls, tlsWith({ client: undefined }))).toEqual(LEADS);
  });

  test("over mutual TLS", async () => {
    expect(await ask(the().mutual, tlsWith())).toEqual(LEADS);
  });

  test("under the name that was given instead of the address", async () => {
    expect(await ask(the().mutual, tlsWith({ serverName: NAME }))).toEqual(LEADS);
  });

  test("to GetServers too", async () => {
    const [answer] = await grpcAsker.servers([{ host: HOST, port: the().mutual.port }], { tls: tlsWith() });
    expect(answer).toMatchObject({ kind: "answered", servers: [{ id: "db-0", isLeader: true }] });
  });
});

describe("silent is an application", () => {
  test("whose certificate is for another name than the given one", async () => {
    expect(await ask(the().mutual, tlsWith({ serverName: "db-1.db.data.svc.cluster.local" }))).toEqual(
      silent("its certificate is for another name"),
    );
  });

  test("whose certificate is for another name than the dialled one", async () => {
    const { port } = the().tls;
    expect(await grpcAsker.leaderStatus([{ host: "localhost", port }], { tls: tlsWith() })).toEqual([
      silent("its certificate is for another name"),
    ]);
  });

  test("whose certificate another authority signed", async () => {
    expect(await ask(the().tls, tlsWith({ ca: Buffer.from(the().strangers.caPem) }))).toEqual(
      silent("its certificate is not signed by the given CA"),
    );
  });

  test("that asks for a client certificate and gets none", async () => {
    expect(await ask(the().mutual, tlsWith({ client: undefined }))).toEqual(
      silent("it refuses the TLS handshake: certificate required"),
    );
  });

  test("that does not accept the client certificate", async () => {
    expect(await ask(the().mutual, tlsWith({ client: clientOf(the().strangers.client) }))).toMatchObject({
      kind: "silent",
    });
  });

  test("that expects TLS and is asked in plain text", async () => {
    expect(await ask(the().tls, undefined)).toEqual(silent("it closes connections; it may expect TLS"));
  });

  test("that speaks plain text and is asked over TLS", async () => {
    expect(await ask(the().plain, tlsWith())).toEqual(silent("it does not speak TLS"));
  });

  test("that never answers the handshake", async () => {
    const { port } = the().muteTls;
    expect(await grpcAsker.leaderStatus([{ host: HOST, port }], { tls: tlsWith(), deadlineMs: 150 })).toEqual([
      silent("no connection within 150 ms"),
    ]);
    await expect.poll(() => the().muteTls.connections()).toBe(0);
  });
});

describe("a Secret that cannot be used silences every pod, and says why", () => {
  test.each([
    ["is no PEM", () => ({ certificate: Buffer.from("x"), key: Buffer.from("x") })],
    [
      "holds the key of another certificate",
      () => ({
        certificate: Buffer.from(the().certificates.client.certificatePem),
        key: Buffer.from(the().strangers.client.keyPem),
      }),
    ],
  ])("because it %s", async (_, client) => {
    const { port } = the().mutual;
    const target = { host: HOST, port };
    const answers = await grpcAsker.leaderStatus([target, target], { tls: tlsWith({ client: client() }) });
    const why = expect.stringMatching(/^the CA, client certificate or key cannot be used: /) as string;
    expect(answers).toEqual([silent(why), silent(why)]);
  });
});
