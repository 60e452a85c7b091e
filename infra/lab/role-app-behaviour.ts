/** What a test tells the role application to be: leader or follower, honest or lying, well or ill in one of several ways. */

/**
 * - `none`: answers.
 * - `mute`: takes connections and says nothing on them.
 * - `reset`: resets each connection that it takes.
 * - `hang`: takes calls and never answers.
 * - `cut`: resets the connection of each call.
 * - `error`: answers with the gRPC status INTERNAL.
 * - `garbage`: answers with bytes that are no message of the protocol.
 */
export const FAULTS = ["none", "mute", "reset", "hang", "cut", "error", "garbage"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Server {
  readonly id: string;
  /** Host and port. */
  readonly rpcAddr: string;
  readonly isLeader: boolean;
}

export interface Behaviour {
  readonly leads: boolean;
  /** Answers the opposite of `leads`. */
  readonly lies: boolean;
  /** Passes before each answer. */
  readonly delayMs: number;
  readonly fault: Fault;
  /** Answer to GetServers; null: itself, with what it says about itself. */
  readonly servers: readonly Server[] | null;
}

export const HONEST_FOLLOWER: Behaviour = { leads: false, lies: false, delayMs: 0, fault: "none", servers: null };

const isServer = (value: unknown): value is Server => {
  const { id, rpcAddr, isLeader } = (value ?? {}) as Record<string, unknown>;
  return typeof id === "string" && typeof rpcAddr === "string" && typeof isLeader === "boolean";
};

const FIELDS: Readonly<Record<keyof Behaviour, { accepts: string; test: (value: unknown) => boolean }>> = {
  leads: { accepts: "true or false", test: (value) => typeof value === "boolean" },
  lies: { accepts: "true or false", test: (value) => typeof value === "boolean" },
  delayMs: { accepts: "a whole number from 0", test: (value) => Number.isSafeInteger(value) && Number(value) >= 0 },
  fault: { accepts: FAULTS.join(", "), test: (value) => FAULTS.some((fault) => fault === value) },
  servers: {
    accepts: "null or an array of {id, rpcAddr, isLeader}",
    test: (value) => value === null || (Array.isArray(value) && value.every((server) => isServer(server))),
  },
};

/** Checks a change that came as JSON. @throws with the field, what it got and what it accepts. */
export const readChange = (json: string): Partial<Behaviour> => {
  const change: unknown = JSON.parse(json);
  if (typeof change !== "object" || change === null) throw new Error(`got ${json}, accepted is an object`);
  for (const [name, value] of Object.entries(change)) {
    if (!Object.hasOwn(FIELDS, name)) {
      throw new Error(`${name}: is no field, accepted are ${Object.keys(FIELDS).join(", ")}`);
    }
    const { accepts, test } = FIELDS[name as keyof Behaviour];
    if (!test(value)) throw new Error(`${name}: got ${JSON.stringify(value)}, accepted is ${accepts}`);
  }
  return change;
};
