/** `npm run demo`: the product in one minute, without a cluster; at the end the history checker's verdict. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { judge, renderVerdict } from "../../functions/kit/history/judge.ts";
import { playStory } from "./story.ts";
import type { Stage } from "./stage.ts";
import { createTimeline } from "./timeline.ts";
import { ELECTION } from "../observe/scope.ts";

const USAGE = `Usage: npm run demo [-- OPTIONS]

A StatefulSet of three pods gets one writer; the writer fails in several ways; the function is killed in the middle
of a hand-over. Prints a timeline and the verdict of the history checker.

  --control-plane memory|lab  memory (default): an in-memory API server, ready at once
                              lab: real etcd, kube-apiserver, controller-manager and Knative adapters;
                              the first time they are fetched or built, which takes minutes
  --keep                      leave everything running after the story, and print how to look at it, until Ctrl-C
  --help                      this text
`;

const write = (text: string): void => {
  process.stdout.write(text);
};

interface Choice {
  readonly plane: "memory" | "lab";
  readonly keep: boolean;
}

const readChoice = (): Choice | undefined => {
  const { values } = parseArgs({
    options: {
      "control-plane": { type: "string", default: "memory" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const plane = values["control-plane"];
  if (plane === "memory" || plane === "lab") return { plane, keep: values.keep };
  throw new Error(`--control-plane: got ${JSON.stringify(plane)}, accepted are memory and lab`);
};

/** Each brings its own libraries, so only one of them is loaded. */
const openStage = async (plane: Choice["plane"]): Promise<Stage> =>
  plane === "lab"
    ? (await import("./lab-stage.ts")).openLabStage()
    : (await import("./memory-stage.ts")).openMemoryStage();

const untilInterrupted = async (): Promise<void> => {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  while (!stop.signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop
    await sleep(60_000, undefined, { signal: stop.signal }).catch(() => undefined);
  }
};

/** The exit code: 1 when an invariant was broken. */
const run = async ({ plane, keep }: Choice): Promise<number> => {
  const timeline = createTimeline(write);
  const stage = await openStage(plane);
  try {
    write(`Bellwether demo: ${stage.description}\n\n`);
    await playStory(stage, timeline);
    // The last write's echo is still on its way to the observer.
    await sleep(300);
    const verdict = judge(stage.revisions, ELECTION);
    write(`\n${renderVerdict(verdict)}\n`);
    if (keep) {
      write(`\nEverything keeps running. Look at it with\n  ${stage.access}\nCtrl-C ends it.\n`);
      await untilInterrupted();
    }
    return verdict.violations.length === 0 ? 0 : 1;
  } finally {
    await stage.stop();
  }
};

try {
  const choice = readChoice();
  if (choice === undefined) write(USAGE);
  process.exit(choice === undefined ? 0 : await run(choice));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
