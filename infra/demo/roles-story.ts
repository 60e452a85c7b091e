/**
 * A LeaderStatusChecker: three applications, real processes that speak notification.v1, decide among themselves who leads; the label follows
 * their word, though nothing that Kubernetes knows of changes.
 */
import { CHECKERS, recordName, ROLES } from "../../functions/roles/labels.ts";
import { viewRecord, type RecordView } from "../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { getRequest, LEASES, listOf, listRequest, objectOf, PODS as POD } from "../../functions/kit/kube/request.ts";
import { freePort } from "../lab/ports.ts";
import { startRoleAppProcess, type RoleAppProcess } from "../lab/role-app-process.ts";
import { ROLES_STANDARD } from "../observe/scope.ts";
import { createPods, kill, killInMiddle, NAME, NAMESPACE, PODS, scene, type Actors, type Scene } from "./actors.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

const CHECKERS_PATH = `/apis/${CHECKERS.group}/${CHECKERS.version}/namespaces/${NAMESPACE}/${CHECKERS.plural}`;

/** db-0 is 127.0.0.10, db-1 127.0.0.11, …: Linux listens on all of them unasked. */
const addressOf = (pod: string): string => `127.0.0.${10 + Number(pod.split("-").at(-1))}`;

interface Status {
  readonly leaderNode?: string;
  readonly conditions?: readonly { readonly type: string; readonly message: string }[];
}

interface Seen {
  readonly leader: string;
  readonly epoch: number | undefined;
  /** Message of the condition Unreachable. */
  readonly unreachable: string | undefined;
}

const labelledIn = async ({ transport }: Stage): Promise<string> => {
  const labelSelector = `${ROLES.roleLabel}=${ROLES.leader}`;
  const pods = await transport.send(listRequest(POD, { namespace: NAMESPACE, labelSelector }));
  return listOf(pods)
    .items.map(({ metadata }) => metadata.name)
    .join();
};

const recordOf = async ({ transport }: Stage, checkerUid: string): Promise<RecordView | undefined> => {
  const lease = await transport.send(getRequest(LEASES, NAMESPACE, recordName(checkerUid)));
  return lease.status === 200 ? viewRecord(objectOf(lease), Date.now()) : undefined;
};

const statusIn = ({ status }: KubeObject): Pick<Seen, "leader" | "unreachable"> => {
  const { leaderNode = "", conditions = [] } = (status ?? {}) as Status;
  return { leader: leaderNode, unreachable: conditions.find(({ type }) => type === "Unreachable")?.message };
};

/** What label, Lease and status agree on; undefined: they do not. */
const see = async (stage: Stage): Promise<Seen | undefined> => {
  const checker = await stage.transport.send(getRequest(CHECKERS, NAMESPACE, NAME));
  if (checker.status !== 200) return undefined;
  const said = statusIn(objectOf(checker));
  const record = await recordOf(stage, objectOf(checker).metadata.uid);
  const named = [record?.holder?.name ?? "", await labelledIn(stage)];
  return named.every((name) => name === said.leader) ? { ...said, epoch: record?.epoch } : undefined;
};

/** They agree on what `is` accepts. */
const lookFor =
  ({ stage }: Actors, is: (seen: Seen) => boolean): Scene["look"] =>
  async () => {
    const seen = await see(stage);
    if (seen === undefined || !is(seen)) return undefined;
    const { leader, epoch, unreachable } = seen;
    const said = unreachable === undefined ? "" : `; condition Unreachable: ${unreachable}`;
    return { leader, text: `${leader} is the leader, epoch ${epoch ?? "none"}${said}` };
  };

type Apps = ReadonlyMap<string, RoleAppProcess>;

/** They agree on another leader, which says so in a CloudEvent. */
const elect = async (apps: Apps, leader: string): Promise<void> => {
  const others = [...apps].filter(([name]) => name !== leader);
  await Promise.all(others.map(([, app]) => app.behave({ leads: false })));
  await apps.get(leader)?.behave({ leads: true });
};

const startApps = async ({ stage: { plane }, sink }: Actors, port: number): Promise<Apps> => {
  const claims = { sink, namespace: NAMESPACE };
  const folder = plane.dataDir;
  const started = PODS.map(async (id) => {
    const app = await startRoleAppProcess(plane.processes, { id, host: addressOf(id), port, folder, claims });
    return [id, app] as const;
  });
  return new Map(await Promise.all(started));
};

const disturb = async (actors: Actors, apps: Apps, leader: string): Promise<string> => {
  const liar = PODS.find((name) => name !== leader) ?? "";
  await scene(actors, {
    text: `${liar} claims to lead, but denies it when it is asked`,
    act: async () => {
      await apps.get(liar)?.behave({ lies: true });
      await apps.get(liar)?.behave({ leads: true });
    },
    look: lookFor(actors, (seen) => seen.leader === leader),
  });
  await apps.get(liar)?.behave({ leads: false, lies: false });
  await scene(actors, {
    text: `${leader} does not answer any more, and nobody else claims to lead`,
    act: () => apps.get(leader)?.behave({ fault: "hang" }) ?? Promise.resolve(),
    look: lookFor(actors, (seen) => seen.leader === leader && seen.unreachable !== undefined),
  });
  const next = await scene(actors, {
    text: `${liar} is elected by the two that still answer`,
    act: () => apps.get(liar)?.behave({ leads: true }) ?? Promise.resolve(),
    look: lookFor(actors, (seen) => seen.leader === liar),
  });
  await apps.get(leader)?.behave({ fault: "none", leads: false });
  return next;
};

const play = async (actors: Actors): Promise<void> => {
  const { stage, start, direct } = actors;
  const first = await start();
  direct([first]);
  const rpcPort = await freePort();
  const apps = await startApps(actors, rpcPort);
  await elect(apps, "db-1");
  const spec = { statefulSetName: NAME, namespace: NAMESPACE, rpcPort, localDev: false, intervalSeconds: 2 };
  const manifest = { apiVersion: `${CHECKERS.group}/v1`, kind: CHECKERS.kind, metadata: { name: NAME }, spec };
  let leader = await scene(actors, {
    text: "three applications, of which db-1 leads; their StatefulSet and a LeaderStatusChecker are created",
    act: async () => {
      await createPods(actors);
      await stage.change("POST", CHECKERS_PATH, manifest);
    },
    look: lookFor(actors, (seen) => seen.leader === "db-1"),
  });
  for (const next of ["db-2", "db-0", "db-1"]) {
    // Scenes follow one another.
    // oxlint-disable-next-line no-await-in-loop
    leader = await scene(actors, {
      text: `the applications elect ${next}, which claims it; all pods stay Ready`,
      act: () => elect(apps, next),
      look: lookFor(actors, (seen) => seen.leader === next),
    });
  }
  leader = await disturb(actors, apps, leader);
  await kill(first);
  const to = PODS.find((name) => name !== leader) ?? "";
  const { successor } = await killInMiddle(actors, {
    text: `the applications elect ${to}`,
    act: () => elect(apps, to),
    look: lookFor(actors, (seen) => seen.leader === to),
  });
  direct([successor, await start()]);
  actors.timeline.did("a second instance works beside it; events go to both in turn");
  await scene(actors, {
    text: `${to} becomes not Ready, and ${leader} is elected`,
    act: async () => {
      await stage.setReady(NAMESPACE, to, false);
      await elect(apps, leader);
    },
    look: lookFor(actors, (seen) => seen.leader === leader),
  });
};

export const rolesStory: Story = { standard: ROLES_STANDARD, addressOf, play };
