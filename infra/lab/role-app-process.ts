/** Role applications as processes of a lab: several on different loopback addresses are the pods of an integration test. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { poll } from "./poll.ts";
import { freePort } from "./ports.ts";
import type { LabProcess, ProcessGroup } from "./processes.ts";
import type { Behaviour } from "./role-app-behaviour.ts";
import type { RoleAppOptions } from "./role-app-server.ts";
import type { Asked } from "./role-app-service.ts";

const startDeadlineMs = 10_000;
const pollMs = 20;

export interface RoleAppProcessOptions extends Omit<RoleAppOptions, "behaviour" | "host"> {
  /** Address to listen on, such as 127.0.0.2. */
  readonly host: string;
  /** Exists already; takes the files of `tls`. */
  readonly folder: string;
}

export interface RoleAppProcess {
  readonly host: string;
  readonly port: number;
  readonly process: LabProcess;
  readonly state: () => Promise<{ readonly behaviour: Behaviour; readonly asked: Asked }>;
  /** Resolves once a claim that follows has been answered; to its HTTP status (0: no answer), else undefined. */
  readonly behave: (change: Partial<Behaviour>) => Promise<number | undefined>;
}

const tlsFlags = async ({ id, folder, tls }: RoleAppProcessOptions): Promise<readonly string[]> => {
  const files = [
    ["--tls-cert", tls?.certificatePem],
    ["--tls-key", tls?.keyPem],
    ["--tls-client-ca", tls?.clientCaPem],
  ] as const;
  const flags = files.map(async ([flag, pem]) => {
    if (pem === undefined) return [];
    const file = path.join(folder, `${id}${flag}.pem`);
    await writeFile(file, pem);
    return [flag, file];
  });
  return (await Promise.all(flags)).flat();
};

/** Resolves once it answers. @throws with its log when it ends early. */
export const startRoleAppProcess = async (
  processes: ProcessGroup,
  options: RoleAppProcessOptions,
): Promise<RoleAppProcess> => {
  const { id, host, claims } = options;
  const port = options.port ?? (await freePort());
  const controlPort = await freePort();
  const app = processes.start({
    name: id,
    file: process.execPath,
    args: [
      path.join(import.meta.dirname, "role-app.ts"),
      `--id=${id}`,
      `--host=${host}`,
      `--port=${port}`,
      `--control-port=${controlPort}`,
      ...(claims === undefined ? [] : [`--sink=${claims.sink}`, `--namespace=${claims.namespace}`]),
      ...(await tlsFlags(options)),
    ],
  });
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${controlPort}/`;
  const control = async (init?: { readonly method: "PATCH"; readonly body: string }): Promise<unknown> => {
    const response = await fetch(url, init);
    if (!response.ok) throw new Error(`${id}: ${await response.text()}`);
    return response.json();
  };
  const state: RoleAppProcess["state"] = async () =>
    (await control()) as { readonly behaviour: Behaviour; readonly asked: Asked };
  await poll(
    () => {
      const failure = app.failure();
      if (failure !== undefined) throw new Error(failure);
      return state().catch(() => undefined);
    },
    { what: `${id} listens on ${host}`, everyMs: pollMs, deadlineMs: startDeadlineMs },
  );
  return {
    host,
    port,
    process: app,
    state,
    behave: async (change) => {
      const { claim } = (await control({ method: "PATCH", body: JSON.stringify(change) })) as {
        readonly claim?: number;
      };
      return claim;
    },
  };
};
