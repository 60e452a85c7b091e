/**
 * Fail-overs of a form of installation, one after the other, and one line that says how long they took: what docs/install.md tells was
 * measured with it, and each test run holds some of them to the form's bound.
 */
import { failOver } from "../../../../bench/lab/hand-over.ts";
import { startStopwatch, type Stopwatch } from "../../../../bench/lab/stopwatch.ts";
import { median, percentile } from "../../../../bench/statistics.ts";
import { ROLES } from "../../../../functions/election/labels.ts";
import { waitForWriter, type LockName } from "../../../../infra/lab/group.ts";
import type { Lab } from "../../../../infra/lab/lab.ts";
import { isReady } from "../../../../infra/lab/workload.ts";
import { waitFor } from "../../support/fixture.ts";
import { waitForDeployment } from "./scaling.ts";

export interface FailOvers {
  /** As the line names it. */
  readonly form: string;
  /** Its StatefulSet has the same name, and pods enough to lead in turn. */
  readonly lock: LockName;
  readonly count: number;
  /** From a fault until everything agrees on another writer. */
  readonly boundMs: number;
  /** Before each of them: resolves once the function is at zero. Default: it runs. */
  readonly toZero?: (lab: Lab) => Promise<unknown>;
}

/** Milliseconds from the fault, by what was waited for. */
type Sample = Readonly<Record<string, number>>;

const VARIABLE = "BELLWETHER_SAMPLES";

/** How many samples are to be taken: what BELLWETHER_SAMPLES says, for figures. @throws when it is no number from 1. */
export const sampleCount = (byDefault: number): number => {
  const text = process.env[VARIABLE] ?? String(byDefault);
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new Error(`${VARIABLE} is "${text}"; accepted: a whole number from 1 to 9999`);
};

const momentOf = async (seen: Promise<unknown>): Promise<number> => {
  await seen;
  return performance.now();
};

/** Resolves to when an instance is wanted, and when one is Ready, as the API server says. */
const wakeUp = (lab: Lab): readonly Promise<number>[] => [
  momentOf(waitForDeployment(lab, "bellwether", ({ spec }) => spec.replicas > 0)),
  momentOf(
    waitFor(lab, {
      path: "/api/v1/namespaces/bellwether/pods",
      until: (pods) =>
        pods.some(
          (pod) =>
            pod.metadata.labels?.["app.kubernetes.io/component"] === "function" &&
            pod.metadata.deletionTimestamp === undefined &&
            isReady(pod),
        ),
      deadlineMs: 60_000,
    }),
  ),
];

const takeSample = async (lab: Lab, watch: Stopwatch, { lock, boundMs, toZero }: FailOvers): Promise<Sample> => {
  await toZero?.(lab);
  const waking = toZero === undefined ? [] : wakeUp(lab);
  const [{ totalMs, promoted }, wanted, ready] = await Promise.all([failOver(lab.kubelet, watch, lock), ...waking]);
  const faultAt = promoted.at - totalMs;
  const deadlineMs = faultAt + boundMs - performance.now();
  await waitForWriter(lab, lock, { is: ({ name }) => name === promoted.pod, deadlineMs });
  return {
    "new writer": totalMs,
    ...(wanted !== undefined && { "spec.replicas > 0": wanted - faultAt }),
    ...(ready !== undefined && { "function Ready": ready - faultAt }),
  };
};

const summary = (name: string, samples: readonly Sample[]): string => {
  const values = samples.map((sample) => sample[name] ?? Number.NaN);
  const [middle, high, most] = [median(values), percentile(values, 90), Math.max(...values)].map((ms) => ms.toFixed(0));
  return `${name}: median ${middle}, p90 ${high}, max ${most} ms`;
};

/**
 * The writer loses its readiness, so many times; each time everything agrees on another one before the next. Resolves to how long the
 * longest took, in milliseconds, from the acknowledged fault to the label of the new writer as a watch sees it.
 * @throws when the bound is not kept.
 */
export const measureFailOvers = async (lab: Lab, failOvers: FailOvers): Promise<number> => {
  const { form, lock, count } = failOvers;
  const ending = new AbortController();
  const { namespace } = lock;
  const watch = await startStopwatch(lab.kubeConfig, { namespace, names: ROLES }, ending.signal);
  const samples: Sample[] = [];
  try {
    while (samples.length < count) {
      // oxlint-disable-next-line no-await-in-loop -- fail-overs follow one another
      samples.push(await takeSample(lab, watch, failOvers));
    }
  } finally {
    ending.abort();
  }
  const told = Object.keys(samples[0] ?? {}).map((name) => summary(name, samples));
  process.stdout.write(`fail-over, ${form}: n ${count}; ${told.join("; ")}\n`);
  return Math.max(...samples.map((sample) => sample["new writer"] ?? Number.NaN));
};
