/**
 * What an exploration writes again is the flow around the shared rules: the order of reads and writes. Here a shipped run and an explored
 * instance meet the same server with the same disturbances, and each request of the run has to be one that the instance may send next:
 * which of several writes under way comes first is nobody's choice. In the end both have left the same server.
 */
import { expect } from "vitest";
import type { FeatureContext } from "../../functions/kit/context.ts";
import type { RunOutcome } from "../../functions/kit/feature.ts";
import { createLog } from "../../functions/kit/host/log.ts";
import { createMetrics, type Metric } from "../../functions/kit/host/metrics.ts";
import type { KubeRequest, KubeResponse, Transport } from "../../functions/kit/kube/request.ts";
import type { Answer } from "./api.ts";
import { asked, textOf } from "./hearing.ts";
import { createPlace, type Disturbance, type Place } from "./place.ts";
import type { Event, System } from "./system.ts";
import { createVersions } from "./versions.ts";

/** What the shipped run is called with. */
export interface Stage<S> {
  readonly send: Transport;
  /** Others do meanwhile what is due of them. */
  readonly sleep: () => Promise<void>;
  readonly server: () => S;
  /** Hears one of what may be heard now, beside the API server. */
  readonly hear: <T extends { readonly server: S; readonly text: () => string }>(of: (server: S) => readonly T[]) => T;
}

/** A shipped flow, and how its requests are told from those of the explored one. */
export interface Flow<S, L> {
  readonly system: System<S, L>;
  /** Of the instance that does what the run does; default: the system's. */
  readonly events?: System<S, L>["events"];
  readonly run: (stage: Stage<S>) => Promise<RunOutcome>;
  /** Why it may end before it is done. */
  readonly waits?: readonly string[];
  /** What a request is called; undefined: the explored instance has none like it. */
  readonly nameOf: (request: KubeRequest) => string | undefined;
  /** Of the explored server, or beside it. */
  readonly answer: (server: S, request: KubeRequest) => Answer<S>;
  /** As `nameOf`, by the text of an event that asks the server nothing; undefined: it asks. */
  readonly silent: (text: string) => string | undefined;
  /** An event for which the run has no request. */
  readonly isSkipped?: (local: L, text: string) => boolean;
  /** The instance after a request of the run for which it has no event; undefined: it has. */
  readonly leftOut?: (at: { readonly server: S; readonly local: L }, name: string) => L | undefined;
  /** In one event with the request before. */
  readonly isJoined?: (before: string, name: string) => boolean;
  /** Default: versions of all objects are counted. */
  readonly isCounted?: (uid: string) => boolean;
}

/** A pause of the shipped run. */
export const SLEEPS = "sleeps";

export const contextOf = (
  metrics: readonly Metric[],
  serverNow: () => number,
  sleep: () => Promise<void>,
): FeatureContext => ({
  clock: { serverNow, monotonic: () => 0, sleep },
  log: createLog({ level: "error", write: () => undefined }),
  metrics: createMetrics(metrics),
  tickSeconds: 5,
  mode: "active",
  namespaces: [],
  instance: "i1",
  emit: () => undefined,
});

/** Of what is not explored. */
export const beside = <S>(server: S, body: unknown): Answer<S> => ({
  server,
  response: { status: 200, body },
  touched: undefined,
});

const disturbBefore = <S, L>({ isJoined }: Flow<S, L>, place: Place<S>, name: string): readonly string[] => {
  const before = place.log.at(-1);
  return before !== undefined && isJoined?.(before, name) === true ? [] : place.disturb();
};

/** What the shipped flow sends until its run is done, and the server then. */
const shipped = async <S, L>(flow: Flow<S, L>, start: S, disturbances: readonly Disturbance[]) => {
  const place = createPlace(flow.system, start, disturbances);
  const versions = createVersions(flow.isCounted ?? (() => true));
  const age = (uids: readonly string[]): void => {
    for (const uid of uids) versions.touch(uid);
  };
  const send = (request: KubeRequest): Promise<KubeResponse> => {
    const known = (): KubeRequest => ({ ...request, body: versions.judged(request.body) });
    const name = flow.nameOf(known());
    if (name !== undefined) {
      age(disturbBefore(flow, place, name));
      place.log.push(flow.nameOf(known()) ?? name);
    }
    const answer = flow.answer(place.server(), known());
    age(place.change(answer));
    const { status, body } = answer.response;
    return Promise.resolve({ status, body: versions.counted(body) });
  };
  const outcome = await flow.run({
    send,
    server: place.server,
    sleep: () => {
      age(place.disturb());
      place.log.push(SLEEPS);
      age(place.wait());
      return Promise.resolve();
    },
    hear: (of) => {
      age(place.disturb());
      const heard = of(place.server());
      const one = heard[place.log.length % heard.length];
      if (one === undefined) throw new Error("nothing can be heard");
      place.log.push(one.text());
      age(place.change({ server: one.server, touched: undefined }));
      return one;
    },
  });
  return { outcome, log: place.log, server: place.server() };
};

interface Offer<S, L> {
  readonly names: readonly string[];
  readonly event: Event<S, L>;
}

/** What the instance may send next. Of several events each asks once; one that is alone may ask more than once. */
const offersOf = <S, L>(flow: Flow<S, L>, server: S, local: L): readonly Offer<S, L>[] => {
  asked.length = 0;
  const events = (flow.events ?? flow.system.events)(server, local);
  const requests = asked.map((request) => flow.nameOf(request) ?? textOf(request));
  const asking = events.filter((event) => flow.silent(event.text()) === undefined);
  return events.map((event) => {
    const name = flow.silent(event.text());
    if (name !== undefined) return { event, names: [name] };
    const own = asking.indexOf(event);
    return { event, names: asking.length === 1 ? requests : requests.slice(own, own + 1) };
  });
};

const isNext = (names: readonly string[], rest: readonly string[]): boolean =>
  names.toSorted().join("\n") === rest.slice(0, names.length).toSorted().join("\n");

/** Follows these requests as far as an explored instance may send them, and what it could have sent instead of the next one; and the server then. */
const explored = <S, L>(
  flow: Flow<S, L>,
  start: S,
  {
    disturbances,
    requests,
  }: {
    readonly disturbances: readonly Disturbance[];
    readonly requests: readonly string[];
  },
) => {
  const { idle, outdate } = flow.system;
  const place = createPlace(flow.system, start, disturbances);
  let local = idle;
  const age = (uids: readonly string[]): void => {
    for (const uid of uids) local = outdate(local, uid);
  };
  const take = (event: Event<S, L>): void => {
    place.change(event);
    ({ local } = event);
  };
  /** The names of what it sent. */
  const follow = (rest: readonly string[]): readonly string[] | undefined => {
    const [name = ""] = rest;
    const left = flow.leftOut?.({ server: place.server(), local }, name);
    if (left !== undefined) {
      local = left;
      return [name];
    }
    const offers = offersOf(flow, place.server(), local);
    const offer = offers.find(({ names }) => isNext(names, rest));
    if (offer === undefined) return undefined;
    take(offer.event);
    return offer.names;
  };
  const skip = (): void => {
    for (;;) {
      const [first] = offersOf(flow, place.server(), local);
      if (first === undefined || flow.isSkipped?.(local, first.event.text()) !== true) return;
      take(first.event);
    }
  };
  for (let rest = requests; rest.length > 0; rest = requests.slice(place.log.length)) {
    age(disturbBefore(flow, place, rest[0] ?? ""));
    const sent = follow(rest);
    if (sent === undefined) {
      const instead = offersOf(flow, place.server(), local).map(({ names }) => names.join(" and "));
      return { log: [...place.log, `may send: ${instead.join("; or ")}`], server: place.server(), local };
    }
    place.log.push(...rest.slice(0, sent.length));
    if (sent.includes(SLEEPS)) age(place.wait());
    skip();
  }
  return { log: place.log, server: place.server(), local };
};

/** Throws where the two differ; otherwise what both have sent. */
export const runBoth = async <S, L>(
  flow: Flow<S, L>,
  start: S,
  disturbances: readonly Disturbance[],
): Promise<readonly string[]> => {
  const { outcome, log, server } = await shipped(flow, start, disturbances);
  expect(["done", ...(flow.waits ?? [])]).toContain(outcome.kind === "done" ? outcome.kind : outcome.reason);
  const model = explored(flow, start, { disturbances, requests: log });
  expect(model.log).toEqual(log);
  expect(model.server).toEqual(server);
  // And has nothing left to do.
  expect(model.local).toEqual(flow.system.idle);
  return log;
};
