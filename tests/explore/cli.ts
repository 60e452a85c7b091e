/** Explores a scope for as long as one likes: what the scopes of the tests leave open, and what a weakened protocol does wrong. */
import { parseArgs } from "node:util";
import type { Counts, Exploration, Limits } from "./explore.ts";
import { FEATURES, type Feature } from "./features.ts";
import { INVARIANTS, type Invariant } from "./system.ts";

const DEFAULT_FEATURE = "election";
const DEFAULT_SCOPE = "3x2";
const DEFAULT_FAULTS = "ready=2";
const DEFAULT_MINUTES = 10;
const DEFAULT_STATES = 20_000_000;
const LARGEST = 200_000_000;
const PROGRESS_EVERY_MS = 15_000;

const listedBy = (list: (feature: Feature) => readonly string[]): string =>
  Object.entries(FEATURES)
    .map(([name, feature]) => `    ${name}: ${list(feature).join(", ")}`)
    .join("\n");

const USAGE = `Usage: node tests/explore/cli.ts [OPTIONS]

Every interleaving of the shipped step and decide functions on a few pods and instances: each read acted on late, each write on its
own, each instance dying at any point. Exits with 1 when a violation is found, with 2 when the scope was not exhausted.

  --feature NAME  ${Object.keys(FEATURES).join(", ")}; default ${DEFAULT_FEATURE}
  --scope PxI     pods and instances; default ${DEFAULT_SCOPE}
  --faults K=N,…  how often each may happen; default ${DEFAULT_FAULTS}. Up to as many pods as may be created are absent at first. Kinds:
${listedBy(({ kinds }) => kinds)}
  --families N    standby-route: address families of the Service, 1 or 2; default 1
  --only I,…      which of ${INVARIANTS.join(", ")} are asked, beside L1; default: all that the feature promises
  --split-lists   election: the two LISTs of pods one after the other, not at once
  --moving-clock  every fault takes a second of the server's clock, and S4 is asked even where only the clock keeps it; otherwise
                  the clock stands still
  --variant NAME  a weakened protocol:
${listedBy(({ variants }) => variants.map(({ name }) => name))}
  --minutes M     stop after so long; default ${DEFAULT_MINUTES}
  --states N      stop after so many states, about 60 bytes each; default ${DEFAULT_STATES}
  --help          this text
`;

const EXIT_VIOLATION = 1;
const EXIT_OPEN = 2;

const write = (text: string): void => {
  process.stdout.write(text);
};

const wholeNumber = (option: string, text: string): number => {
  const value = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  if (value <= LARGEST) return value;
  throw new Error(`--${option}: got ${JSON.stringify(text)}, accepts a whole number from 1 to ${LARGEST}`);
};

const countsText = ({ states, transitions, depth, durationMs }: Counts): string => {
  const megabytes = Math.round(process.memoryUsage.rss() / 1e6);
  return `${states} states, ${transitions} transitions, depth ${depth}, ${(durationMs / 1000).toFixed(1)} s, ${megabytes} MB`;
};

const reporter = (): Limits["progress"] => {
  let nextMs = PROGRESS_EVERY_MS;
  return (counts) => {
    if (counts.durationMs < nextMs) return;
    nextMs = counts.durationMs + PROGRESS_EVERY_MS;
    write(`${countsText(counts)}\n`);
  };
};

const report = (done: Exploration): void => {
  write(`${countsText(done)}, ${done.servers} servers, ${done.cut} states cut off\n`);
  if (done.finding !== undefined) {
    const { flaw, steps, lines } = done.finding;
    write(`${flaw} is violated after ${steps} events:\n${lines.join("\n")}\n`);
  } else if (done.exhausted) write("exhausted: no violation, and from every state the group comes to rest\n");
  else write("not exhausted: no violation so far\n");
};

const exitCodeOf = ({ finding, exhausted }: Exploration): number => {
  if (finding !== undefined) return EXIT_VIOLATION;
  return exhausted ? 0 : EXIT_OPEN;
};

const featureNamed = (name: string): Feature => {
  const feature = FEATURES[name];
  if (feature !== undefined) return feature;
  throw new Error(`--feature: got ${JSON.stringify(name)}, accepts ${Object.keys(FEATURES).join(", ")}`);
};

const familiesFrom = (text: string): number => {
  if (text === "1" || text === "2") return Number(text);
  throw new Error(`--families: got ${JSON.stringify(text)}, accepts 1 or 2`);
};

const invariantFrom = (text: string): Invariant => {
  const known = INVARIANTS.find((invariant) => invariant === text);
  if (known !== undefined) return known;
  throw new Error(`--only: got ${JSON.stringify(text)}, accepts some of ${INVARIANTS.join(", ")}`);
};

const main = (): number => {
  const { values } = parseArgs({
    options: {
      feature: { type: "string", default: DEFAULT_FEATURE },
      scope: { type: "string", default: DEFAULT_SCOPE },
      faults: { type: "string", default: DEFAULT_FAULTS },
      families: { type: "string", default: "1" },
      only: { type: "string" },
      "split-lists": { type: "boolean", default: false },
      "moving-clock": { type: "boolean", default: false },
      variant: { type: "string" },
      minutes: { type: "string", default: String(DEFAULT_MINUTES) },
      states: { type: "string", default: String(DEFAULT_STATES) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    write(USAGE);
    return 0;
  }
  const { title, leavesOut, run } = featureNamed(values.feature).prepare({
    size: values.scope,
    faults: values.faults,
    variant: values.variant,
    movingClock: values["moving-clock"],
    splitLists: values["split-lists"],
    families: familiesFrom(values.families),
    only: values.only?.split(",").map(invariantFrom),
  });
  write(`${title}${leavesOut === undefined ? "" : `, without ${leavesOut}`}\n`);
  const done = run({
    statesMax: wholeNumber("states", values.states),
    durationMaxMs: wholeNumber("minutes", values.minutes) * 60_000,
    progress: reporter(),
  });
  report(done);
  return exitCodeOf(done);
};

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 64;
}
