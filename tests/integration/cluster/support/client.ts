/**
 * Who uses the application: writes through the Service's address without a pause longer than a few hundredths of a second, knows nothing of pods, and writes down what
 * became of each write. Some lanes connect anew for each write, others keep a connection as long as it serves them.
 */
import { Agent, request } from "node:http";
import { setTimeout } from "node:timers/promises";
import type { BookName } from "./register.ts";

/** How a lane connects. */
export type Connecting = "anew" | "kept";

interface Lane {
  readonly book: BookName;
  readonly connecting: Connecting;
}

/** Unknown: no answer came, or one that does not say; the write may be present. */
export type Outcome = "acknowledged" | "refused" | "unknown";

export interface Write extends Lane {
  readonly id: string;
  readonly outcome: Outcome;
  /** The status of the answer, or the error. */
  readonly why: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Two of each, so that one that waits for a frozen pod does not hide that another one gets through. */
const LANES: readonly Lane[] = (["checked", "unchecked"] as const)
  .flatMap((book) => (["anew", "kept"] as const).map((connecting) => ({ book, connecting })))
  .flatMap((lane) => [lane, lane]);

const pauseMs = 25;
const answerDeadlineMs = 500;

/** `ECONNREFUSED`: nobody was there to be sent anything. The others are what the application and the register answer on purpose. */
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  200: "acknowledged",
  409: "refused",
  503: "refused",
  ECONNREFUSED: "refused",
};

const codeOf = (error: Error): string => ("code" in error ? String(error.code) : error.name);

/** Resolves to the status of the answer or the code of the error. */
const post = (url: string, agent: Agent | false): Promise<string> =>
  new Promise((resolve) => {
    const options = { method: "POST", agent, signal: AbortSignal.timeout(answerDeadlineMs) };
    const outgoing = request(url, options, (response) => {
      response.on("error", (error) => resolve(codeOf(error)));
      response.on("end", () => resolve(String(response.statusCode)));
      response.resume();
    });
    outgoing.on("error", (error) => resolve(codeOf(error)));
    outgoing.end();
  });

export interface Client {
  /** In the order of their ends; grows. */
  readonly writes: readonly Write[];
  /** Resolves once every write has its outcome. */
  readonly stop: () => Promise<void>;
}

const runLane = async (url: string, lane: Lane, write: (write: Write) => void, signal: AbortSignal): Promise<void> => {
  let agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!signal.aborted) {
    const id = crypto.randomUUID();
    const startMs = Date.now();
    // oxlint-disable-next-line no-await-in-loop
    const why = await post(`${url}/write/${lane.book}/${id}`, lane.connecting === "kept" && agent);
    const outcome = OUTCOMES[why] ?? "unknown";
    write({ ...lane, id, outcome, why, startMs, endMs: Date.now() });
    if (outcome !== "acknowledged") {
      agent.destroy();
      agent = new Agent({ keepAlive: true, maxSockets: 1 });
    }
    // oxlint-disable-next-line no-await-in-loop
    await setTimeout(pauseMs);
  }
  agent.destroy();
};

/** Writes to `url` until it is stopped. */
export const startClient = (url: string): Client => {
  const writes: Write[] = [];
  const ending = new AbortController();
  const lanes = LANES.map((lane) => runLane(url, lane, (write) => void writes.push(write), ending.signal));
  const stop = async (): Promise<void> => {
    ending.abort();
    await Promise.all(lanes);
  };
  return { writes, stop };
};
