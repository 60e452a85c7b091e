/** A StatefulSetLock: the writer fails in several ways, and label, Lease, token and status agree again each time. */
import { disagreement, readGroup, waitForGroup, writersOf, type GroupState, type LockName } from "../lab/group.ts";
import { lockManifest } from "../lab/workload.ts";
import { ELECTION } from "../observe/scope.ts";
import {
  createPods,
  kill,
  killInMiddle,
  NAME,
  NAMESPACE,
  PODS,
  PODS_PATH,
  scene,
  type Actors,
  type Scene,
} from "./actors.ts";
import type { Story } from "./story.ts";

const LOCK: LockName = { namespace: NAMESPACE, name: NAME, leaseName: NAME };
const deadlineMs = 15_000;
const LOCKS_PATH = `/apis/app.anukkrit.me/v1/namespaces/${NAMESPACE}/statefulsetlocks`;

/** One writer that `is` accepts, and everything agrees on it. */
const lookFor =
  ({ stage }: Actors, is: (writer: string) => boolean): Scene["look"] =>
  async () => {
    const state = await readGroup(stage, LOCK);
    const [writer] = writersOf(state);
    if (writer === undefined || disagreement(state) !== undefined || !is(writer.name)) return undefined;
    return { leader: writer.name, text: `${writer.name} is the writer, epoch ${state.record?.epoch ?? "none"}` };
  };

const untilThreePods = ({ stage }: Actors): Promise<GroupState> =>
  waitForGroup(stage, LOCK, {
    until: ({ pods }) => pods.filter(({ stamp }) => stamp !== undefined).length === PODS.length,
    deadlineMs,
  });

const lose = async (actors: Actors, writer: string): Promise<string> => {
  const next = await scene(actors, {
    text: `${writer} becomes not Ready`,
    act: () => actors.stage.setReady(NAMESPACE, writer, false),
    look: lookFor(actors, (name) => name !== writer),
  });
  await actors.stage.setReady(NAMESPACE, writer, true);
  return next;
};

const play = async (actors: Actors): Promise<void> => {
  const { stage, start, direct, timeline } = actors;
  const first = await start();
  direct([first]);
  let writer = await scene(actors, {
    text: "a StatefulSet of three pods and its StatefulSetLock are created",
    act: async () => {
      await createPods(actors);
      await stage.change("POST", LOCKS_PATH, lockManifest({ name: NAME, statefulSetName: NAME }));
    },
    look: lookFor(actors, () => true),
  });
  await untilThreePods(actors);
  writer = await lose(actors, writer);
  const deleted = writer;
  writer = await scene(actors, {
    text: `${deleted} is deleted; the StatefulSet makes a new pod of that name`,
    act: () => stage.change("DELETE", `${PODS_PATH}/${deleted}`, { gracePeriodSeconds: 0 }),
    look: lookFor(actors, (name) => name !== deleted),
  });
  await untilThreePods(actors);
  const to = writer === "db-2" ? "db-1" : "db-2";
  const annotations = { "bellwether.dev/switchover-to": to };
  const fallen = await scene(actors, {
    text: `the lock is annotated with bellwether.dev/switchover-to: ${to}`,
    act: () => stage.change("PATCH", `${LOCKS_PATH}/${NAME}`, { metadata: { annotations } }),
    look: lookFor(actors, (name) => name === to),
  });
  await kill(first);
  const { leader, successor } = await killInMiddle(actors, {
    text: `${fallen} becomes not Ready`,
    act: () => stage.setReady(NAMESPACE, fallen, false),
    look: lookFor(actors, (name) => name !== fallen),
  });
  writer = leader;
  await stage.setReady(NAMESPACE, fallen, true);
  direct([successor, await start()]);
  timeline.did("a second instance works beside it; events go to both in turn");
  for (const _ of [1, 2, 3]) {
    // Scenes follow one another.
    // oxlint-disable-next-line no-await-in-loop
    writer = await lose(actors, writer);
  }
};

export const electionStory: Story = { standard: ELECTION, play };
