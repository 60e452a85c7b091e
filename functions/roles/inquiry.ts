/**
 * Asks a checker's pods who leads: all that can lead at the same time; and where several claim to, all that answered how they see
 * their servers. What is asked here is decided in `decide.ts`.
 */
import { trueFinding, type Finding } from "../kit/conditions.ts";
import type { Io } from "../kit/context.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { governedHost, type Target } from "./ask/address.ts";
import type { Asker, AskOptions, LeaderAnswer } from "./ask/ask.ts";
import { claimantsAmong, type Answers } from "./decide.ts";
import { ANSWERS, seriesOf } from "./metrics.ts";
import type { CheckerView } from "./model.ts";
import { readTls } from "./tls.ts";

/** Calls at the same time. */
const CONCURRENCY = 64;
/** Who leads, and then how they see their servers. */
const PHASES = 2;
/** Longer than this after the time that asking may take, what was heard is too old to write a record by. */
const GOOD_FOR_MS = 1_000;

/** How pods are asked in this installation. */
export interface AskingOptions {
  readonly asker: Asker;
  /** Usually `cluster.local`. */
  readonly clusterDomain: string;
  /** Bound of all asking in one pass, so that time for its writes is left before the group's deadline. */
  readonly askingMs: number;
}

export interface Inquiry {
  readonly checker: CheckerView;
  /** `spec.serviceName` of the StatefulSet. */
  readonly serviceName: string;
  /** Those that can lead. */
  readonly pods: readonly Candidate[];
}

/** A pod waits for a call at most as long as the batches before its own take. */
const batchesOf = (pods: number): number => Math.max(1, Math.ceil(pods / CONCURRENCY));

/** What is left for one call when as many pods are asked. */
const mostMs = ({ askingMs }: AskingOptions, pods: number): number => Math.floor(askingMs / PHASES / batchesOf(pods));

/** That the checker's timeout is not the one that is used. */
export const timeoutFindings = (
  asking: AskingOptions,
  { timeoutMs }: CheckerView,
  pods: number,
): readonly Finding[] => {
  const most = mostMs(asking, pods);
  if (timeoutMs <= most) return [];
  const message = `spec.timeoutMilliseconds: got ${timeoutMs}, ${most} is used, so that ${pods} pods can be asked twice and time is left to write; a longer BELLWETHER_GROUP_DEADLINE_MS allows more`;
  return [trueFinding("TimeoutCut", "GroupDeadline", message)];
};

const targetOf = (
  { checker, serviceName }: Inquiry,
  { clusterDomain }: AskingOptions,
  { name, raw }: Candidate,
): Target => {
  const { addressing, setNamespace: namespace, rpcPort: port } = checker;
  if (addressing === "DNS") return { host: governedHost({ pod: name, serviceName, namespace, clusterDomain }), port };
  return { host: ((raw.status ?? {}) as { readonly podIP?: string }).podIP ?? "", port };
};

const byUid = <Answer>(pods: readonly Candidate[], answers: readonly Answer[]): ReadonlyMap<string, Answer> =>
  new Map(pods.flatMap(({ uid }, index) => answers.slice(index, index + 1).map((answer) => [uid, answer] as const)));

const kindOf = (answer: LeaderAnswer): string => {
  if (answer.kind === "silent") return "silent";
  return answer.leads ? "leads" : "follows";
};

/** What was heard, and until when a record may be written by it. */
export interface Heard extends Answers {
  /** On the monotonic clock, from the first question on, because nobody knows when a pod said what it said. */
  readonly goodUntil: number;
}

/** Nobody was asked: nothing is moved by that. */
const unheard = (pods: readonly Candidate[], why: string): Heard => ({
  leads: byUid(
    pods,
    pods.map(() => ({ kind: "silent", why })),
  ),
  views: new Map(),
  goodUntil: Infinity,
});

/** Never fails: who cannot be asked is silent. */
export const inquire = async (io: Io, asking: AskingOptions, inquiry: Inquiry): Promise<Heard> => {
  const { checker, pods } = inquiry;
  if (pods.length === 0) return unheard(pods, "");
  const reading = await readTls(io, checker.namespace, checker.tls);
  if (!reading.ok) return unheard(pods, reading.why);
  const deadlineMs = Math.min(checker.timeoutMs, mostMs(asking, pods.length));
  const options: AskOptions = { deadlineMs, concurrency: CONCURRENCY, tls: reading.tls };
  const begun = io.context.clock.monotonic();
  const goodAfter = (rounds: number): number => begun + rounds * deadlineMs * batchesOf(pods.length) + GOOD_FOR_MS;
  const targetsOf = (asked: readonly Candidate[]): readonly Target[] =>
    asked.map((pod) => targetOf(inquiry, asking, pod));
  const leads = byUid(pods, await asking.asker.leaderStatus(targetsOf(pods), options));
  for (const answer of leads.values()) {
    io.context.metrics.count(ANSWERS, { ...seriesOf(checker), answer: kindOf(answer) });
  }
  if (claimantsAmong(pods, leads).length < 2) return { leads, views: new Map(), goodUntil: goodAfter(1) };
  const answering = pods.filter(({ uid }) => leads.get(uid)?.kind === "answered");
  const views = byUid(answering, await asking.asker.servers(targetsOf(answering), options));
  return { leads, views, goodUntil: goodAfter(PHASES) };
};
