/**
 * CPU time per event that leads to no API call: the whole function with events of a pod that no lock concerns, beside
 * faas-js-runtime with a handler that does nothing, and beside bare node:http that only parses them.
 */
import path from "node:path";
import type { BenchReport, Figure } from "../report.ts";
import type { BenchEvent } from "../group.ts";
import { cpuMsOf, rssMiBOf } from "../process.ts";
import { median, shuffled } from "../statistics.ts";
import type { Serving } from "../serving.ts";
import { startServing } from "../serving.ts";

const CONNECTIONS = 10;
/** Enough for the optimising compiler to be done. */
const WARM_UP_EVENTS = 5000;
const ROUND_EVENTS = 5000;
const SHARE_MAX = 1 / 3;

const CONTENDERS = ["ours", "faas", "floor"] as const;
type Contender = (typeof CONTENDERS)[number];

interface Sample {
  readonly cpuUs: number;
  readonly perSecond: number;
}

const postMany = async (serving: Serving, event: BenchEvent, count: number): Promise<void> => {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      // oxlint-disable-next-line no-await-in-loop -- one event after the other on each connection
      const status = await serving.post(event);
      if (status !== 204) throw new Error(`an event was answered with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
};

const sample = async (serving: Serving, event: BenchEvent): Promise<Sample> => {
  const [before, begun] = [await cpuMsOf(serving.pid), performance.now()];
  await postMany(serving, event, ROUND_EVENTS);
  const seconds = (performance.now() - begun) / 1000;
  const cpuMs = (await cpuMsOf(serving.pid)) - before;
  return { cpuUs: (cpuMs * 1000) / ROUND_EVENTS, perSecond: ROUND_EVENTS / seconds };
};

export interface HostPathOptions {
  /** The built function, and the environment in which it finds an API server; the others get the same. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly event: BenchEvent;
  readonly runs: number;
}

type Scripts = Readonly<Record<Contender, string>>;

const startAll = async (scripts: Scripts, environment: HostPathOptions["environment"]): Promise<readonly Serving[]> => {
  const started: Serving[] = [];
  try {
    for (const contender of CONTENDERS) {
      // oxlint-disable-next-line no-await-in-loop -- one start does not slow another
      started.push(await startServing(scripts[contender], environment, CONNECTIONS));
    }
    return started;
  } catch (error) {
    await Promise.all(started.map((serving) => serving.stop()));
    throw error;
  }
};

interface Measured {
  readonly samples: readonly Sample[];
  readonly rssMiB: number;
}

const measure = async (serving: readonly Serving[], event: BenchEvent, runs: number): Promise<readonly Measured[]> => {
  const samples = serving.map((): Sample[] => []);
  for (const one of serving) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    await postMany(one, event, WARM_UP_EVENTS);
  }
  for (let round = 0; round < runs; round += 1) {
    for (const [index, one] of shuffled([...serving.entries()])) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time
      samples[index]?.push(await sample(one, event));
    }
  }
  return Promise.all(
    serving.map(async ({ pid }, index) => ({ samples: samples[index] ?? [], rssMiB: await rssMiBOf(pid) })),
  );
};

const figuresOf = (ours: Measured, other: Measured, target: Pick<Figure, "target" | "met">): readonly Figure[] => {
  const cpuUs = ({ samples }: Measured): readonly number[] => samples.map((one) => one.cpuUs);
  const perSecond = ({ samples }: Measured): number => median(samples.map((one) => one.perSecond));
  return [
    { name: "CPU per event, median", unit: "us", ours: median(cpuUs(ours)), floor: median(cpuUs(other)), ...target },
    { name: "CPU per event, least", unit: "us", ours: Math.min(...cpuUs(ours)), floor: Math.min(...cpuUs(other)) },
    { name: "events per second, median", unit: "", ours: perSecond(ours), floor: perSecond(other) },
    { name: "RSS afterwards", unit: "MiB", ours: ours.rssMiB, floor: other.rssMiB },
  ];
};

const medianCpu = ({ samples }: Measured): number => median(samples.map(({ cpuUs }) => cpuUs));

const beside = (name: string): string => path.join(import.meta.dirname, `${name}.ts`);

export const measureHostPath = async ({
  script,
  environment,
  event,
  runs,
}: HostPathOptions): Promise<readonly BenchReport[]> => {
  const serving = await startAll({ ours: script, faas: beside("faas"), floor: beside("floor") }, environment);
  try {
    const [ours, faas, floor] = await measure(serving, event, runs);
    if (ours === undefined || faas === undefined || floor === undefined) throw new Error("a contender is missing");
    const size = `pod of ${(event.body.length / 1000).toFixed(1)} kB`;
    return [
      {
        bench: "event",
        scope: `no API call, ${size}, ${CONNECTIONS} connections, ${runs} x ${ROUND_EVENTS} events, beside faas-js-runtime`,
        comparedWith: "faas",
        figures: figuresOf(ours, faas, {
          target: "<= 1/3 of faas-js-runtime",
          met: medianCpu(ours) <= SHARE_MAX * medianCpu(faas),
        }),
        notes: [
          "ours is the whole function, which finds that no group is concerned; the other's handler is empty",
          "all with the heap as Node.js bounds it inside the shipped memory limit of 192 MiB",
        ],
      },
      {
        bench: "event",
        scope: "the same beside bare node:http that parses the body as JSON and answers 204",
        figures: figuresOf(ours, floor, {}),
      },
    ];
  } finally {
    await Promise.all(serving.map((one) => one.stop()));
  }
};
