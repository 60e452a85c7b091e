/** Explores a scope for as long as one likes: what the scopes of the tests leave open, and what a weakened protocol does wrong. */
import { parseArgs } from "node:util";
import { VARIANTS, VARIANTS_OF_TWO_RECORDS, variantNamed, type Variant } from "../weakened/variants.ts";
import { explore, type Counts, type Exploration, type Limits } from "./explore.ts";
import { protocolOf } from "./protocol.ts";
import { scopeFrom, scopeText } from "./scopes.ts";

const DEFAULT_SCOPE = "3x2";
const DEFAULT_FAULTS = "ready=2";
const DEFAULT_MINUTES = 10;
const DEFAULT_STATES = 20_000_000;
const LARGEST = 200_000_000;
const PROGRESS_EVERY_MS = 15_000;

const USAGE = `Usage: node tests/explore/cli.ts [OPTIONS]

Every interleaving of the shipped step and decide functions on a few pods and instances: each read acted on late, each write on its
own, each instance dying at any point. Exits with 1 when a violation is found, with 2 when the scope was not exhausted.

  --scope PxI     pods and instances; default ${DEFAULT_SCOPE}
  --faults K=N,…  how often each may happen; default ${DEFAULT_FAULTS}. Kinds: ready (a pod becomes Ready or stops to be), create,
                  delete, replace (another under the same name), move (leaves the selector or returns), lease (the
                  Lease is deleted), wish (a switchover is asked for), rename (the lock names another Lease), rival (an older
                  lock, with a Lease of its own, takes the group over). Up to as many pods as may be created are absent at first
  --split-lists   the two LISTs of pods one after the other, not at once
  --moving-clock  every fault takes a second of the server's clock, and S4 is asked even where only the clock keeps it; otherwise
                  the clock stands still
  --variant NAME  a weakened protocol: ${[...VARIANTS, ...VARIANTS_OF_TWO_RECORDS].map(({ name }) => name).join(", ")}
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

/** Of a variant the violation that it is known for; of the shipped protocol any. */
const untilOf = (variant: Variant | undefined): Limits["until"] => {
  if (variant === undefined) return ["S1", "S3", "S4"];
  return variant.flaw === "L1" ? [] : [variant.flaw];
};

const exitCodeOf = ({ finding, exhausted }: Exploration): number => {
  if (finding !== undefined) return EXIT_VIOLATION;
  return exhausted ? 0 : EXIT_OPEN;
};

const main = (): number => {
  const { values } = parseArgs({
    options: {
      scope: { type: "string", default: DEFAULT_SCOPE },
      faults: { type: "string", default: DEFAULT_FAULTS },
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
  const scope = scopeFrom(values.scope, values.faults, values["moving-clock"]);
  const variant = values.variant === undefined ? undefined : variantNamed(values.variant);
  const protocol = protocolOf(variant, values["split-lists"]);
  write(`${variant === undefined ? "the protocol" : `without ${variant.leavesOut}`}: ${scopeText(scope)}\n`);
  const done = explore(protocol, scope, {
    statesMax: wholeNumber("states", values.states),
    durationMaxMs: wholeNumber("minutes", values.minutes) * 60_000,
    until: untilOf(variant),
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
