/**
 * A history as a file that can be judged again: JSON, one line for each thing, appended as it happens, so that a crash costs at most
 * the line that it interrupts.
 */
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import type { Gap, Revision } from "../../functions/kit/history/revision.ts";
import { lines, type Line } from "../../events/source/lines.ts";
import type { Scope } from "./scope.ts";

export const RECORDING_VERSION = 1;

export interface Recorder {
  revision(revision: Revision): void;
  gap(gap: Gap): void;
  /** A kind that may not be read. */
  unread(plural: string): void;
  /** The observer ended by itself; `failure`: because it could not go on. */
  end(failure?: string): void;
}

/** Creates the file. @throws when it exists already, or cannot be written. */
export const startRecording = (file: string, scope: Scope): Recorder => {
  const target = openSync(file, "ax");
  const write = (value: unknown): void => void writeSync(target, `${JSON.stringify(value)}\n`);
  write({ bellwetherHistory: RECORDING_VERSION, startedAt: new Date().toISOString(), scope });
  return {
    revision: ({ type, observedAt, object }) => write({ type, observedAt, object }),
    gap: (gap) => write({ gap }),
    unread: (plural) => write({ unread: plural }),
    end: (failure) => {
      write({ endedAt: new Date().toISOString(), failure });
      closeSync(target);
    },
  };
};

export interface Recording {
  readonly scope: Scope;
  /** In the order in which they were written. */
  readonly revisions: readonly Revision[];
  readonly gaps: readonly Gap[];
  /** Plurals of the kinds that could not be read. */
  readonly unread: readonly string[];
  /** The observer ended by itself, and wrote everything that it saw. */
  readonly complete: boolean;
  /** Why the observer could not go on; undefined: it was told to stop. */
  readonly failure: string | undefined;
  /** The first line that cannot be understood; nothing after it was read. */
  readonly damage: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const areTexts = (object: Json, names: readonly string[]): boolean =>
  names.every((name) => typeof object[name] === "string");

const parsed = (text: string): Json | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isVersion = (value: unknown): boolean => typeof value === "string" && /^(?:0|[1-9]\d*)$/.test(value);

const revisionIn = ({ type, observedAt, object }: Json): Revision | undefined => {
  if (!["ADDED", "MODIFIED", "DELETED"].includes(String(type)) || !Number.isFinite(observedAt)) return undefined;
  const metadata = isObject(object) ? object["metadata"] : undefined;
  if (!isObject(metadata) || !areTexts(metadata, ["name", "uid"]) || !isVersion(metadata["resourceVersion"])) {
    return undefined;
  }
  return { type, observedAt, object, resourceVersion: metadata["resourceVersion"] } as unknown as Revision;
};

const gapIn = ({ gap }: Json): Gap | undefined =>
  isObject(gap) && areTexts(gap, ["resource"]) && isVersion(gap["after"]) && isVersion(gap["until"])
    ? (gap as unknown as Gap)
    : undefined;

const scopeIn = (head: Json | undefined): Scope | undefined => {
  const scope = head?.["scope"];
  return head?.["bellwetherHistory"] === RECORDING_VERSION && isObject(scope) && areTexts(scope, ["label", "groupBy"])
    ? (scope as unknown as Scope)
    : undefined;
};

interface Reader {
  /** False: the line cannot be understood. */
  take(line: Line): boolean;
  found(): Pick<Recording, "revisions" | "gaps" | "unread" | "complete" | "failure">;
}

const createReader = (): Reader => {
  const revisions: Revision[] = [];
  const gaps: Gap[] = [];
  const unread: string[] = [];
  let complete = false;
  let failure: string | undefined;

  const takeRest = (value: Json): boolean => {
    const gap = gapIn(value);
    if (gap !== undefined) gaps.push(gap);
    const plural = value["unread"];
    if (typeof plural === "string") unread.push(plural);
    complete = typeof value["endedAt"] === "string";
    if (complete && typeof value["failure"] === "string") failure = value["failure"];
    return gap !== undefined || typeof plural === "string" || complete;
  };
  return {
    found: () => ({ revisions, gaps, unread, complete, failure }),
    take: ({ text }) => {
      const value = parsed(text);
      if (value === undefined || complete) return false;
      const revision = revisionIn(value);
      if (revision !== undefined) revisions.push(revision);
      return revision !== undefined || takeRest(value);
    },
  };
};

/**
 * Reads a recording up to its end or its first damaged line; a last line that a crash has cut off is no damage.
 * @throws when there is no such file, or its first line is not that of a recording.
 */
export const readRecording = async (file: string): Promise<Recording> => {
  const reader = createReader();
  let scope: Scope | undefined;
  let number = 0;
  let damage: string | undefined;
  for await (const line of lines(createReadStream(file, "utf8"))) {
    number += 1;
    if (scope === undefined) {
      scope = scopeIn(parsed(line.text));
      if (scope === undefined) break;
    } else if (!reader.take(line)) {
      if (line.complete) damage = `line ${number} is no part of a recording: ${line.text.slice(0, 80)}`;
      break;
    }
  }
  if (scope === undefined) {
    throw new Error(`${file}: line 1 is not that of a recording (bellwetherHistory ${RECORDING_VERSION}, its scope)`);
  }
  return { scope, ...reader.found(), damage };
};
