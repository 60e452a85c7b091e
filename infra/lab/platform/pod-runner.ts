/**
 * Makes the pods of some namespaces real. Where the stand-in kubelet only says that a pod runs, this starts the program that its image
 * stands for, with the pod's own environment and its account's token, reports it Ready when it is, counts its crashes, and ends it with
 * its pod.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Lab } from "../lab.ts";
import { listWatch, type ListWatchEvent } from "../list-watch.ts";
import type { LabProcess } from "../processes.ts";
import { logToStderr } from "../progress.ts";
import { environmentOf, fieldsOf, type Container, type RunnablePod } from "./container.ts";
import { untilReady, type Probe } from "./part.ts";
import { grantAccess, type PodAccess } from "./pod-token.ts";

type Environment = Readonly<Record<string, string>>;

/** What runs on this machine for an image. */
export interface Program {
  /** What the image is called in pods. */
  readonly image: string;
  /** The file and the arguments that stand for the container's. */
  readonly command: (container: Container) => readonly [file: string, ...args: readonly string[]];
  /** What differs from the pod's own environment: credentials, addresses, ports that pods of a cluster need not share. */
  readonly environment: (access: PodAccess, container: Container) => Promise<Environment>;
  /** Called right before the start; stands for the container's readiness probe. Default: it is ready as soon as it runs. */
  readonly readiness?: (access: PodAccess, environment: Environment) => Probe;
}

export interface PodRunnerOptions {
  /** Where a pod becomes Ready only by its program; one whose image is no program's never does. */
  readonly namespaces: readonly string[];
  readonly programs: readonly Program[];
}

export interface PodRunner {
  /** The process of a pod that runs now, to disturb it. @throws when there is none. */
  readonly processOf: (namespace: string, namePattern: RegExp) => LabProcess;
  /** Kills the programs and resolves once they are gone. */
  readonly stop: () => Promise<void>;
}

/** A kubelet waits longer from crash to crash; a test need not. */
const restartMs = 500;

/** One pod's life here. */
interface Life {
  readonly pod: RunnablePod;
  process: LabProcess | undefined;
  isOver: boolean;
}

const end = (life: Life, graceMs: number): void => {
  life.isOver = true;
  const { process } = life;
  process?.kill(graceMs > 0 ? "SIGTERM" : "SIGKILL");
  if (graceMs > 0) setTimeout(() => process?.kill("SIGKILL"), graceMs).unref();
};

const graceMsOf = ({ metadata }: RunnablePod): number => (metadata.deletionGracePeriodSeconds ?? 0) * 1000;

/** Resolves once the pods that exist are known; each then starts by itself, and what goes wrong is told on standard error. */
export const runPods = async (lab: Lab, { namespaces, programs }: PodRunnerOptions): Promise<PodRunner> => {
  const { kubelet, plane, kubeConfig } = lab;
  const ending = new AbortController();
  const lives = new Map<string, Life>();

  const startProgram = async (life: Life, program: Program, container: Container): Promise<void> => {
    const { pod } = life;
    const { name, namespace = "" } = pod.metadata;
    const access = await grantAccess(lab, pod);
    const environment = {
      ...environmentOf(container, fieldsOf(pod)),
      ...(await program.environment(access, container)),
    };
    const probe = program.readiness?.(access, environment);
    if (life.isOver) return;
    const [file, ...args] = program.command(container);
    const process = plane.processes.start({ name: `${namespace}-${name}`, file, args, env: environment });
    life.process = process;
    if (probe !== undefined) await untilReady(process, probe);
    await kubelet.setReady(namespace, name, true);
    await process.exited;
  };

  const live = async (life: Life, program: Program, container: Container): Promise<void> => {
    const { name, namespace = "" } = life.pod.metadata;
    while (!life.isOver) {
      // oxlint-disable-next-line no-await-in-loop
      const fault = await startProgram(life, program, container).catch((error: unknown) => String(error));
      if (life.isOver) return;
      logToStderr(fault ?? life.process?.failure() ?? `${namespace}/${name} ended`);
      life.process?.kill("SIGKILL");
      // oxlint-disable-next-line no-await-in-loop
      await kubelet.crash(namespace, name).catch(() => undefined);
      // oxlint-disable-next-line no-await-in-loop
      await pause(restartMs);
    }
  };

  const begin = (pod: RunnablePod): void => {
    const [container] = pod.spec.containers;
    const program = programs.find(({ image }) => image === container?.image);
    if (container === undefined || program === undefined) return;
    const life: Life = { pod, process: undefined, isOver: false };
    lives.set(pod.metadata.uid, life);
    void live(life, program, container);
  };

  const isDue = ({ metadata, status }: RunnablePod): boolean =>
    namespaces.includes(metadata.namespace ?? "") && status?.phase === "Running" && !lives.has(metadata.uid);

  const onEvent = ({ type, object: pod }: ListWatchEvent<RunnablePod>): void => {
    const { uid, deletionTimestamp } = pod.metadata;
    if (type === "DELETED" || deletionTimestamp !== undefined) {
      const life = lives.get(uid);
      if (life?.isOver === false) end(life, graceMsOf(pod));
      if (type === "DELETED") lives.delete(uid);
    } else if (isDue(pod)) begin(pod);
  };

  await Promise.all(namespaces.map((namespace) => kubelet.holdReady(namespace, /^/, true)));
  await listWatch({ kubeConfig, path: "/api/v1/pods", onEvent, signal: ending.signal });
  return {
    processOf: (namespace, namePattern) => {
      const life = [...lives.values()].find(
        ({ pod: { metadata } }) => metadata.namespace === namespace && namePattern.test(metadata.name),
      );
      if (life?.process !== undefined) return life.process;
      throw new Error(`no program runs for a pod ${String(namePattern)} in ${namespace}`);
    },
    stop: async () => {
      ending.abort();
      for (const life of lives.values()) end(life, 0);
      const processes = [...lives.values()].flatMap(({ process }) => process ?? []);
      await Promise.all(processes.map(({ exited }) => exited));
    },
  };
};
