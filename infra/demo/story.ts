/** The scenes of the demo: each does one thing to a three-pod StatefulSet and waits until label, Lease, token and status agree. */
import { startApiGate, isWrite } from "../lab/api-gate.ts";
import { startBalancer } from "../lab/balancer.ts";
import { startFunction, type FunctionInstance } from "../lab/function.ts";
import { waitForGroup, waitForWriter, writersOf, type GroupState, type LockName } from "../lab/group.ts";
import { lockManifest, statefulSetManifest } from "../lab/workload.ts";
import type { Stage } from "./stage.ts";
import type { Timeline } from "./timeline.ts";

const NAMESPACE = "demo";
const LOCK: LockName = { namespace: NAMESPACE, name: "db", leaseName: "db" };
const LOCKS_PATH = `/apis/app.anukkrit.me/v1/namespaces/${NAMESPACE}/statefulsetlocks`;
const PODS_PATH = `/api/v1/namespaces/${NAMESPACE}/pods`;
const TICK_SECONDS = 2;
const deadlineMs = 15_000;

const describeState = (state: GroupState): string => {
  const [writer] = writersOf(state);
  return `${writer?.name ?? "nobody"} is the writer, epoch ${state.record?.epoch ?? "none"}`;
};

interface Actors {
  readonly stage: Stage;
  readonly timeline: Timeline;
  readonly start: (server?: string) => Promise<FunctionInstance>;
  readonly direct: (instances: readonly FunctionInstance[]) => void;
}

/** Does something, and waits for a writer that `is` accepts. */
const scene = async (
  { stage, timeline }: Actors,
  { text, act, is }: { text: string; act: () => Promise<void>; is: (name: string) => boolean },
): Promise<string> => {
  timeline.did(text);
  const begun = performance.now();
  await act();
  const state = await waitForWriter(stage, LOCK, { is: ({ name }) => is(name), deadlineMs });
  timeline.saw(describeState(state), performance.now() - begun);
  return writersOf(state)[0]?.name ?? "";
};

const untilThreePods = (stage: Stage): Promise<GroupState> =>
  waitForGroup(stage, LOCK, {
    until: ({ pods }) => pods.filter(({ stamp }) => stamp !== undefined).length === 3,
    deadlineMs,
  });

/** Kills the only instance with SIGKILL after its second write of the hand-over; a new one starts and finishes it. */
const killInMiddle = async (
  actors: Actors,
  writer: string,
): Promise<{ writer: string; successor: FunctionInstance }> => {
  const { stage, timeline, start, direct } = actors;
  const gate = await startApiGate(stage.plane);
  const victim = await start(gate.url);
  let writes = 0;
  gate.handle(async (request, forward) => {
    const answer = await forward();
    if (isWrite(request) && /\/(?:leases|pods)\//.test(request.path)) writes += 1;
    if (writes < 2) return answer;
    victim.process.kill("SIGKILL");
    return "cut";
  });
  direct([victim]);
  timeline.did(`${writer} becomes not Ready, and the only instance of the function is killed in the hand-over`);
  const begun = performance.now();
  await stage.setReady(NAMESPACE, writer, false);
  await victim.process.exited;
  timeline.saw("instance killed after the record and the first fence; a new one starts", performance.now() - begun);
  const successor = await start();
  direct([successor]);
  const state = await waitForWriter(stage, LOCK, { is: ({ name }) => name !== writer, deadlineMs });
  timeline.saw(describeState(state), performance.now() - begun);
  gate.close();
  return { writer: writersOf(state)[0]?.name ?? "", successor };
};

const play = async (actors: Actors): Promise<void> => {
  const { stage, start, direct } = actors;
  const first = await start();
  direct([first]);
  let writer = await scene(actors, {
    text: "a StatefulSet of three pods and its StatefulSetLock are created",
    act: async () => {
      await stage.change("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
      await stage.change(
        "POST",
        `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`,
        statefulSetManifest({ name: "db", replicas: 3 }),
      );
      await stage.change("POST", LOCKS_PATH, lockManifest({ name: "db", statefulSetName: "db" }));
    },
    is: () => true,
  });
  await untilThreePods(stage);
  const unready = writer;
  writer = await scene(actors, {
    text: `${unready} becomes not Ready`,
    act: () => stage.setReady(NAMESPACE, unready, false),
    is: (name) => name !== unready,
  });
  await stage.setReady(NAMESPACE, unready, true);
  const deleted = writer;
  writer = await scene(actors, {
    text: `${deleted} is deleted; the StatefulSet makes a new pod of that name`,
    act: () => stage.change("DELETE", `${PODS_PATH}/${deleted}`, { gracePeriodSeconds: 0 }),
    is: (name) => name !== deleted,
  });
  await untilThreePods(stage);
  const to = writer === "db-2" ? "db-1" : "db-2";
  writer = await scene(actors, {
    text: `the lock is annotated with bellwether.dev/switchover-to: ${to}`,
    act: () =>
      stage.change("PATCH", `${LOCKS_PATH}/db`, { metadata: { annotations: { "bellwether.dev/switchover-to": to } } }),
    is: (name) => name === to,
  });
  const fallen = writer;
  first.process.kill("SIGKILL");
  await first.process.exited;
  const survived = await killInMiddle(actors, fallen);
  ({ writer } = survived);
  await stage.setReady(NAMESPACE, fallen, true);
  direct([survived.successor, await start()]);
  actors.timeline.did("a second instance works beside it; events go to both in turn");
  for (const _ of [1, 2, 3]) {
    const last = writer;
    // Scenes follow one another.
    // oxlint-disable-next-line no-await-in-loop
    writer = await scene(actors, {
      text: `${last} becomes not Ready`,
      act: () => stage.setReady(NAMESPACE, last, false),
      is: (name) => name !== last,
    });
    // oxlint-disable-next-line no-await-in-loop
    await stage.setReady(NAMESPACE, last, true);
  }
};

/** Resolves when the last scene is over; instances and sources run on. */
export const playStory = async (stage: Stage, timeline: Timeline): Promise<void> => {
  const balancer = await startBalancer();
  await stage.startSources(new URL(balancer.url), TICK_SECONDS);
  await play({
    stage,
    timeline,
    start: (server = stage.plane.server) =>
      startFunction({
        plane: stage.plane,
        ...(server === stage.plane.server && server.startsWith("https:") ? {} : { server }),
        env: { BELLWETHER_TICK_SECONDS: String(TICK_SECONDS) },
      }),
    direct: (instances) => balancer.target(instances.map(({ url }) => url)),
  });
};
