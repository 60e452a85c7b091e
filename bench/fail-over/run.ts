/**
 * Fail-over on a real control plane: from the acknowledged `Ready=False` to the writer label of another pod, as a separate
 * watcher sees it, beside a bare client that does the same writes without deciding anything.
 */
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { median, percentile, shuffled } from "../statistics.ts";
import { startFloor } from "./floor.ts";
import { openStage, type Stage } from "./stage.ts";
import { startStopwatch, type Stopwatch } from "./stopwatch.ts";

const VARIANTS = ["floor", "function"] as const;
type Variant = (typeof VARIANTS)[number];

interface FailOver {
  /** Acknowledged `Ready=False` to the new writer label. */
  readonly totalMs: number;
  /** No pod carries the writer label. */
  readonly gapMs: number;
}

/** Lets the last round's status writes and events pass. */
const restMs = 150;
const readyDeadlineMs = 30_000;

const failOver = async (stage: Stage, namespace: string, watch: Stopwatch): Promise<FailOver> => {
  const old = watch.writer();
  if (old === undefined) throw new Error(`${namespace}: there is no writer to replace`);
  const fenced = watch.next(({ pod, role }) => pod === old && role === "reader");
  const promoted = watch.next(({ pod, role }) => pod !== old && role === "writer");
  await stage.kubelet.setReady(namespace, old, false);
  const acknowledged = performance.now();
  const [end, gapBegin] = await Promise.all([promoted, fenced]);
  await stage.kubelet.setReady(namespace, old, true);
  await sleep(restMs);
  return { totalMs: end.at - acknowledged, gapMs: end.at - gapBegin.at };
};

const untilWriter = async (watch: Stopwatch): Promise<void> => {
  const end = performance.now() + readyDeadlineMs;
  while (watch.writer() === undefined) {
    if (performance.now() > end) throw new Error("no writer was elected");
    // oxlint-disable-next-line no-await-in-loop
    await sleep(20);
  }
};

const row = (name: string, values: readonly number[], floor: readonly number[]): string => {
  const cells = [median(values), percentile(values, 99), Math.max(...values)].map((value) =>
    value.toFixed(1).padStart(9),
  );
  const ratio = (median(values) / median(floor)).toFixed(2).padStart(9);
  return `${name.padEnd(22)}${cells.join("")}${ratio}`;
};

export const runFailOver = async (runs: number): Promise<void> => {
  const stage = await openStage({ BELLWETHER_TICK_SECONDS: "10" });
  const ending = new AbortController();
  try {
    const { kubeConfig, transport } = stage;
    await stage.addSets("floor", ["db"]);
    await stage.addSets("function", ["db"]);
    await stage.addLocks("function", ["db"]);
    await startFloor({ kubeConfig, send: transport.send, namespace: "floor", signal: ending.signal });
    const results: Record<Variant, FailOver[]> = { floor: [], function: [] };
    const watches: Record<Variant, Stopwatch> = {
      floor: await startStopwatch(kubeConfig, "floor", ending.signal),
      function: await startStopwatch(kubeConfig, "function", ending.signal),
    };
    await Promise.all(VARIANTS.map((variant) => untilWriter(watches[variant])));
    for (let round = 0; round < runs; round += 1) {
      for (const variant of shuffled(VARIANTS)) {
        // oxlint-disable-next-line no-await-in-loop -- one fail-over at a time
        results[variant].push(await failOver(stage, variant, watches[variant]));
      }
    }
    const of = (variant: Variant, field: keyof FailOver): readonly number[] =>
      results[variant].map((result) => result[field]);
    const head = ["median ms", "p99 ms", "max ms", "to floor"].map((cell) => cell.padStart(9)).join("");
    const rows = VARIANTS.flatMap((variant) => [
      row(`${variant}, total`, of(variant, "totalMs"), of("floor", "totalMs")),
      row(`${variant}, no writer`, of(variant, "gapMs"), of("floor", "gapMs")),
    ]);
    process.stdout.write(`fail-over of three pods, ${runs} rounds, load ${loadavg()[0]?.toFixed(2)}\n`);
    process.stdout.write(`${"".padEnd(22)}${head}\n${rows.join("\n")}\n`);
  } finally {
    ending.abort();
    await stage.stop();
  }
};
