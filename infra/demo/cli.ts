/** `npm run demo`: the product in one minute, without a cluster; at the end the history checker's verdict. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { judge, renderVerdict } from "../../functions/kit/history/judge.ts";
import { gather } from "./actors.ts";
import { electionStory } from "./election-story.ts";
import { rolesStory } from "./roles-story.ts";
import type { Stage } from "./stage.ts";
import { standbyStory } from "./standby-story.ts";
import type { Story } from "./story.ts";
import { createTimeline } from "./timeline.ts";

const STORIES: Readonly<Record<string, Story>> = { election: electionStory, roles: rolesStory, standby: standbyStory };

const USAGE = `Usage: npm run demo [-- OPTIONS]

Three pods of a StatefulSet get one leader; it fails in several ways; the function is killed in the middle of a
hand-over. Prints a timeline and the verdict of the history checker. Exit code 1: an invariant was broken.

  --feature election|roles|standby
                              which of the three ways to lead; default: election
                              election: a StatefulSetLock chooses the writer
                              roles: a LeaderStatusChecker asks the applications, real processes on 127.0.0.10 to
                              127.0.0.12, which Linux listens on unasked
                              standby: an annotated Service leads to one active pod; without a controller for
                              EndpointSlices (--control-plane memory) its selector and the label are told
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
  readonly story: Story;
  readonly plane: "memory" | "lab";
  readonly keep: boolean;
}

const unaccepted = (option: string, got: string, accepted: readonly string[]): string =>
  `${option}: got ${JSON.stringify(got)}, accepted are ${accepted.join(", ")}`;

const readChoice = (): Choice | undefined => {
  const { values } = parseArgs({
    options: {
      feature: { type: "string", default: "election" },
      "control-plane": { type: "string", default: "memory" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { feature, "control-plane": plane, keep } = values;
  const story = Object.hasOwn(STORIES, feature) ? STORIES[feature] : undefined;
  if (story === undefined) throw new Error(unaccepted("--feature", feature, Object.keys(STORIES)));
  if (plane !== "memory" && plane !== "lab") throw new Error(unaccepted("--control-plane", plane, ["memory", "lab"]));
  return { story, plane, keep };
};

/** Each brings its own libraries, so only one of them is loaded. */
const openStage = async ({ plane, story }: Choice): Promise<Stage> =>
  plane === "lab"
    ? (await import("./lab-stage.ts")).openLabStage(story)
    : (await import("./memory-stage.ts")).openMemoryStage(story);

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
const run = async (choice: Choice): Promise<number> => {
  const timeline = createTimeline(write);
  const stage = await openStage(choice);
  try {
    write(`Bellwether demo: ${stage.description}\n\n`);
    await choice.story.play(await gather(stage, timeline));
    // The last write's echo is still on its way to the observer.
    await sleep(300);
    const verdict = judge(stage.revisions, choice.story.standard);
    write(`\n${renderVerdict(verdict)}\n`);
    if (choice.keep) {
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
