/** Reads the captured events in `events/samples`: parsed from the `.json` files, byte for byte from the `.http` files. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export const SAMPLES_FOLDER: string = join(import.meta.dirname, "../../../events/samples");

export interface Sample {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RawSample {
  readonly target: string;
  /** Name and value, in the order and case of the wire. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

const readSample = (file: string): Sample => {
  const { headers, body } = JSON.parse(readFileSync(join(SAMPLES_FOLDER, file), "utf8")) as Omit<Sample, "name">;
  return { name: basename(file, ".json"), headers, body };
};

export const readSamples = (): readonly Sample[] =>
  readdirSync(SAMPLES_FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map(readSample);

export const readRawSample = (name: string): RawSample => {
  const text = readFileSync(join(SAMPLES_FOLDER, `${name}.http`), "utf8");
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  return { target: first.replace(" HTTP/1.1", ""), headers, body: text.slice(end + 4) };
};
