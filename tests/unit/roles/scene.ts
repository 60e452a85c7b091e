/** Pods, record and answers as the verdict sees them, so that a test names only what it is about. */
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import { ordinalOf, type Candidate } from "../../../functions/kit/pods/candidate.ts";
import type { SetView } from "../../../functions/kit/pods/stateful-set.ts";
import type { LeaderAnswer, ServersAnswer } from "../../../functions/roles/ask/ask.ts";
import type { Answers, Scene, Verdict } from "../../../functions/roles/decide.ts";

export const GROUP = "uid-of-set";
const EPOCH = 100;

export const aSetOf = (replicas: number, firstOrdinal = 0): SetView => ({
  name: "db",
  uid: GROUP,
  deleting: false,
  replicas,
  firstOrdinal,
  existing: replicas,
  selector: { matchLabels: { app: "db" } },
  serviceName: "db",
});

/** Ready and enrolled. */
export const aCandidate = (name: string, over: Partial<Candidate> = {}): Candidate => ({
  name,
  namespace: "data",
  uid: `uid-of-${name}`,
  resourceVersion: "1",
  member: true,
  group: GROUP,
  role: "follower",
  stamp: { epoch: EPOCH, record: "uid-of-lease" },
  token: undefined,
  tampered: false,
  ready: true,
  terminating: false,
  finished: false,
  ordinal: ordinalOf(name),
  priority: 0,
  createdAt: "2026-01-01T00:00:00Z",
  problems: [],
  raw: { metadata: { name, uid: `uid-of-${name}`, resourceVersion: "1" } },
  ...over,
});

/** `holder` undefined: nobody. */
export const aRecordOf = (holder: string | undefined): RecordView => ({
  name: "bellwether-roles-uid",
  namespace: "data",
  uid: "uid-of-lease",
  resourceVersion: "1",
  holder: holder === undefined ? undefined : { name: holder, uid: `uid-of-${holder}` },
  epoch: EPOCH,
  tampered: false,
  leaseTransitions: 0,
  leaseDurationSeconds: 40,
  renewTime: 0,
  acquireTime: 0,
});

/** `yes`: it leads, `no`: it follows, anything else: why it is silent. */
export const heard = (words: string): LeaderAnswer =>
  words === "yes" || words === "no" ? { kind: "answered", leads: words === "yes" } : { kind: "silent", why: words };

/** Names of the leaders that it sees, separated by blanks; undefined: it is silent. */
export const viewed = (leaders: string | undefined): ServersAnswer =>
  leaders === undefined
    ? { kind: "silent", why: "no answer within 1000 ms" }
    : {
        kind: "answered",
        servers: leaders
          .split(" ")
          .filter((name) => name !== "")
          .map((name) => ({ id: name, rpcAddr: "", isLeader: true })),
      };

export interface Told {
  /** Who leads by the record; undefined: nobody. */
  readonly leader?: string | undefined;
  /** What db-0, db-1, ... say, as `heard` takes it. */
  readonly say: readonly string[];
  /** How db-0, db-1, ... see their servers, as `viewed` takes it. */
  readonly see?: readonly (string | undefined)[];
  readonly replicas?: number;
  /** Default 0. */
  readonly firstOrdinal?: number;
  /** Beside Ready and enrolled, by name. */
  readonly pods?: Readonly<Record<string, Partial<Candidate>>>;
}

export const sceneOf = ({ leader, say, replicas = say.length, firstOrdinal, pods = {} }: Told): Scene => ({
  set: aSetOf(replicas, firstOrdinal),
  record: aRecordOf(leader),
  pods: say.map((_, ordinal) => {
    const name = `db-${ordinal}`;
    const led = name === leader ? { role: "leader", token: String(EPOCH) } : {};
    return aCandidate(name, { ...led, ...pods[name] });
  }),
});

export const answersOf = ({ say, see = [] }: Told): Answers => ({
  leads: new Map(say.map((words, ordinal) => [`uid-of-db-${ordinal}`, heard(words)])),
  views: new Map(see.map((leaders, ordinal) => [`uid-of-db-${ordinal}`, viewed(leaders)])),
});

/** `db-1 LeaderDenies`, `nobody`, or `hold PodsNotFound`; then the reasons of its findings. */
export const shortly = (verdict: Verdict): string => {
  const findings = verdict.findings.map(({ reason }) => ` ${reason}`).join("");
  if (verdict.kind === "lead") return `${verdict.target.name} ${verdict.reason}${findings}`;
  return verdict.kind === "hold" ? `hold ${verdict.reason}${findings}` : `nobody${findings}`;
};
