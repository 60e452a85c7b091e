/** `npm run observe`: watches a leader label on any cluster, or replays a recording, and judges what it saw. */
import { KubeConfig } from "@kubernetes/client-node";
import { observeLive } from "./live.ts";
import { readCommand, USAGE, type Command } from "./options.ts";
import { readRecording, startRecording, type Recorder } from "./recording.ts";
import { replayRecording } from "./replay.ts";
import { EXIT_REFUSED, EXIT_SOUND, exitCodeOf, reportText, type Observation } from "./report.ts";
import { scopeText, type Scope } from "./scope.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Tells what was found, and why that is not all. Resolves to the exit code. */
const conclude = (observation: Observation, failure: string | undefined): number => {
  process.stdout.write(`\n${reportText(observation)}`);
  if (failure === undefined) return exitCodeOf(observation);
  process.stderr.write(`${failure}\nWhat was seen before was judged, nothing after it.\n`);
  return EXIT_REFUSED;
};

/** Ctrl-C, a termination, or the end of the time that was given. */
const stopSignal = (durationMs: number | undefined): AbortSignal => {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  return durationMs === undefined ? stop.signal : AbortSignal.any([stop.signal, AbortSignal.timeout(durationMs)]);
};

const watch = async (command: Command & { readonly kind: "watch" }): Promise<number> => {
  const kubeConfig = new KubeConfig();
  if (command.kubeconfig === undefined) kubeConfig.loadFromDefault();
  else kubeConfig.loadFromFile(command.kubeconfig);
  const context = kubeConfig.getContextObject(kubeConfig.getCurrentContext());
  const namespace = command.scope.namespace ?? context?.namespace ?? "default";
  const scope: Scope = { ...command.scope, namespace: command.allNamespaces ? undefined : namespace };
  const signal = stopSignal(command.durationMs);
  const { record: file } = command;
  const record = file === undefined ? undefined : (): Recorder => startRecording(file, scope);
  say(scopeText(scope));
  const { failure, ...observation } = await observeLive({ kubeConfig, scope, record, say, signal });
  return conclude(observation, failure);
};

const replay = async (file: string): Promise<number> => {
  const recording = await readRecording(file);
  const { complete, damage, failure } = recording;
  say(scopeText(recording.scope));
  const code = conclude(replayRecording(recording, say), damage === undefined ? failure : `${file}: ${damage}`);
  if (!complete && damage === undefined)
    say("the recording has no end: the observer was stopped by force, or still runs");
  return code;
};

const run = (command: Command): Promise<number> | number => {
  switch (command.kind) {
    case "help":
      process.stdout.write(USAGE);
      return EXIT_SOUND;
    case "replay":
      return replay(command.file);
    case "watch":
      return watch(command);
  }
};

try {
  process.exitCode = await run(readCommand(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_REFUSED;
}
