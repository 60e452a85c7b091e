/** API requests per event: none where nothing can have changed, and how many a real change takes. */
import { setTimeout as sleep } from "node:timers/promises";
import { ROLES } from "../../functions/election/labels.ts";
import { eventOf, LOCK_PATH, podPath, strangerEvent, type BenchEvent } from "../group.ts";
import { none, type BenchReport, type Figure } from "../report.ts";
import type { StubApi } from "../stub-api.ts";
import { startServing } from "../serving.ts";

const QUIET_MS = 300;
const POLL_MS = 20;

/** Resolves when nothing has been asked for so long. */
const untilQuiet = async (api: StubApi): Promise<void> => {
  let [seen, since] = [api.requests.length, performance.now()];
  while (performance.now() - since < QUIET_MS) {
    // oxlint-disable-next-line no-await-in-loop -- polling
    await sleep(POLL_MS);
    if (api.requests.length !== seen) [seen, since] = [api.requests.length, performance.now()];
  }
};

interface Labelled {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}

/** Path of the pod that has the role now. */
const pathOf = (api: StubApi, role: string): string => {
  const paths = Array.from({ length: 5 }, (_, index) => podPath(index));
  const found = paths.find((path) => (api.get(path) as Labelled).metadata.labels?.[ROLES.roleLabel] === role);
  if (found === undefined) throw new Error(`no pod is labelled ${role}`);
  return found;
};

const NOT_READY = { status: { conditions: [{ type: "Ready", status: "False" }] } };

interface Asked {
  readonly reads: number;
  readonly writes: number;
}

const silent = (name: string, { reads, writes }: Asked): Figure => none(name, reads + writes);

export interface RequestsOptions {
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly api: StubApi;
}

export const measureRequests = async ({ script, environment, api }: RequestsOptions): Promise<BenchReport> => {
  const serving = await startServing(script, environment, 1);
  const asked = async (event: BenchEvent): Promise<Asked> => {
    const before = api.requests.length;
    await serving.post(event);
    await untilQuiet(api);
    const requests = api.requests.slice(before);
    const reads = requests.filter((request) => request.startsWith("GET ")).length;
    return { reads, writes: requests.length - reads };
  };
  try {
    await untilQuiet(api);
    const stranger = await asked(strangerEvent());
    const podEcho = await asked(eventOf("update", api.get(pathOf(api, "reader"))));
    const lockEcho = await asked(eventOf("update", api.get(LOCK_PATH)));
    const change = await asked(eventOf("update", api.change(pathOf(api, "writer"), NOT_READY)));
    return {
      bench: "event",
      scope: "API requests per event, a group of 5 pods at rest",
      figures: [
        silent("unrelated pod", stranger),
        silent("echo of our own label", podEcho),
        silent("echo of our own status", lockEcho),
        { name: "writer not Ready, reads", unit: "", ours: change.reads },
        { name: "writer not Ready, writes", unit: "", ours: change.writes },
      ],
      notes: ["the writes of a fail-over: Lease, 4 fences, promotion, status, Kubernetes Event"],
    };
  } finally {
    await serving.stop();
  }
};
