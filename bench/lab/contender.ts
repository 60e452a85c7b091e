/** What stands behind the event source: the function as it is shipped, or the floor that it is compared with. */
import { join } from "node:path";
import { startApiServerAdapter, type Adapter } from "../../infra/lab/adapters.ts";
import { startFunction, type FunctionInstance } from "../../infra/lab/function.ts";
import { ADMIN } from "../../infra/lab/identities.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import type { LabProcess } from "../../infra/lab/processes.ts";
import { WATCHED } from "../../infra/lab/workload.ts";

let count = 0;

/** The real ApiServerSource adapter for everything that the shipped sources stream, but what this label selector leaves out. */
export const startSource = ({ plane }: Lab, sink: string, selector?: string): Promise<Adapter> => {
  count += 1;
  return startApiServerAdapter({
    plane,
    identity: "bellwether-sources",
    sink,
    name: `bench-${count}`,
    resources:
      selector === undefined
        ? WATCHED
        : WATCHED.map(({ group, version, plural }) => ({ group, version, plural, selector })),
  });
};

export interface ServedOptions {
  /** Where the function finds the API server; default: the plane's own address. */
  readonly server?: string;
  /** As in `startSource`. */
  readonly selector?: string;
}

/** The function with its defaults, and the source before it. No ticks: they would serve what events are measured for. */
export const startServed = async (
  lab: Lab,
  { server, selector }: ServedOptions = {},
): Promise<FunctionInstance & { readonly source: Adapter }> => {
  const { plane } = lab;
  const instance = await startFunction(server === undefined ? { plane } : { plane, server });
  return { ...instance, source: await startSource(lab, instance.url, selector) };
};

/** The work, which fails as soon as the process that it needs has ended. */
export const whileAlive = <T>({ name, failure, exited }: LabProcess, work: Promise<T>): Promise<T> => {
  const death = exited.then((): never => {
    throw new Error(failure() ?? `${name} has ended`);
  });
  return Promise.race([work, death]);
};

/** A script of bench/ as a process of its own, with an administrator's access to the lab. */
export const startScript = ({ plane }: Lab, script: string, env: Readonly<Record<string, string>> = {}): LabProcess => {
  count += 1;
  return plane.processes.start({
    name: `${script.replaceAll("/", "-")}-${count}`,
    file: process.execPath,
    args: [join(import.meta.dirname, "..", script)],
    env: {
      BENCH_SERVER: plane.server,
      BENCH_KUBECONFIG: plane.kubeconfig(ADMIN),
      BENCH_TOKEN: plane.token(ADMIN),
      BENCH_CA_FILE: plane.caFile,
      ...env,
    },
  });
};
