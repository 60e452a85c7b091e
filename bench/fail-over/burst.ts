/**
 * Fifty leaders lost at once: how long until each group has a new writer, with the early reply and without, because the
 * source sends its next event only after the reply to the last one.
 */
import { loadavg } from "node:os";
import { median } from "../statistics.ts";
import { openStage } from "./stage.ts";
import { startStopwatch } from "./stopwatch.ts";

const GROUPS = 50;
const ACK_AFTER_MS = ["0", "25", "10000"] as const;
const NAMES: readonly string[] = Array.from({ length: GROUPS }, (_, index) => `db${index}`);
const NAMESPACE = "burst";

/** Milliseconds from the last acknowledged `Ready=False` to each new writer label, ascending. */
const lose = async (ackAfterMs: string): Promise<readonly number[]> => {
  const stage = await openStage({ BELLWETHER_ACK_AFTER_MS: ackAfterMs });
  const ending = new AbortController();
  try {
    await stage.addSets(NAMESPACE, NAMES);
    await stage.addLocks(NAMESPACE, NAMES);
    const watch = await startStopwatch(stage.kubeConfig, NAMESPACE, ending.signal);
    const promoted = NAMES.map((name) =>
      watch.next(({ pod, role }) => pod.startsWith(`${name}-`) && role === "writer"),
    );
    await Promise.all(NAMES.map((name) => stage.kubelet.setReady(NAMESPACE, `${name}-0`, false)));
    const acknowledged = performance.now();
    const changes = await Promise.all(promoted);
    return changes.map(({ at }) => Math.max(0, at - acknowledged)).toSorted((left, right) => left - right);
  } finally {
    ending.abort();
    await stage.stop();
  }
};

export const runBurst = async (runs: number): Promise<void> => {
  const head = ["first ms", "median ms", "last ms"].map((cell) => cell.padStart(11)).join("");
  process.stdout.write(
    `${GROUPS} writers lost at once, median of ${runs} rounds\n${"reply waits".padEnd(14)}${head}\n`,
  );
  for (const ackAfterMs of ACK_AFTER_MS) {
    const rounds: (readonly number[])[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one control plane at a time
    for (let round = 0; round < runs; round += 1) rounds.push(await lose(ackAfterMs));
    const cells = [
      median(rounds.map((times) => times[0] ?? Number.NaN)),
      median(rounds.map((times) => median(times))),
      median(rounds.map((times) => times.at(-1) ?? Number.NaN)),
    ].map((value) => value.toFixed(0).padStart(11));
    process.stdout.write(`${`${ackAfterMs} ms`.padEnd(14)}${cells.join("")}   load ${loadavg()[0]?.toFixed(2)}\n`);
  }
};
