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

/** What is left for one call when as many pods are asked. */
const mostMs = ({ askingMs }: AskingOptions, pods: number): number =>
  Math.floor(askingMs / PHASES / Math.max(1, Math.ceil(pods / CONCURRENCY)));

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

/** Never fails: who cannot be asked is silent. */
export const inquire = async (io: Io, asking: AskingOptions, inquiry: Inquiry): Promise<Answers> => {
  const { checker, pods } = inquiry;
  if (pods.length === 0) return { leads: new Map(), views: new Map() };
  const reading = await readTls(io, checker.namespace, checker.tls);
  if (!reading.ok)
    return {
      leads: byUid(
        pods,
        pods.map(() => ({ kind: "silent", why: reading.why })),
      ),
      views: new Map(),
    };
  const options: AskOptions = {
    deadlineMs: Math.min(checker.timeoutMs, mostMs(asking, pods.length)),
    concurrency: CONCURRENCY,
    tls: reading.tls,
  };
  const targetsOf = (asked: readonly Candidate[]): readonly Target[] =>
    asked.map((pod) => targetOf(inquiry, asking, pod));
  const leads = byUid(pods, await asking.asker.leaderStatus(targetsOf(pods), options));
  for (const answer of leads.values()) {
    io.context.metrics.count(ANSWERS, { ...seriesOf(checker), answer: kindOf(answer) });
  }
  if (claimantsAmong(pods, leads).length < 2) return { leads, views: new Map() };
  const answering = pods.filter(({ uid }) => leads.get(uid)?.kind === "answered");
  return { leads, views: byUid(answering, await asking.asker.servers(targetsOf(answering), options)) };
};
