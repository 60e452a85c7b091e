/**
 * Goal: the label follows the application's word on a real control plane, though nothing that Kubernetes knows of changes; nobody is
 * labelled who does not say that it leads, and no write of ours ever makes two leaders.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { ROLES } from "../../../functions/roles/labels.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { ROLES_STANDARD } from "../../../infra/observe/scope.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { startRoleAppProcess, type RoleAppProcess } from "../../../infra/lab/role-app-process.ts";
import { createNamespace, createStatefulSet } from "../support/fixture.ts";
import { gone, list, patch, podsPath, podsReady, remove } from "../support/objects.ts";
import { startSceneOfTwo, TICK_BOUND_MS, TICK_SECONDS, type Scene } from "../support/scene.ts";
import { EVENT_BOUND_MS } from "../support/stage.ts";
import { startTrace, type Trace } from "../support/trace.ts";
import {
  checkerPath,
  conditionSays,
  createChecker,
  hostOf,
  settles,
  median,
  NAMESPACE,
  recordPath,
  statusOf,
} from "./support.ts";

const NAMES = ["db-0", "db-1", "db-2"];
const MOVES = 12;
/** The acceptance is 50 ms on an idle machine; this one may be busy. */
const CLAIM_BOUND_MS = 1_000;

const askedOf = async (app: RoleAppProcess): Promise<number> => (await app.state()).asked.leaderStatus;

describe("three applications, one checker, both adapters, two instances", () => {
  let scene: Scene;
  let trace: Trace;
  let uid = "";
  const apps = new Map<string, RoleAppProcess>();

  const app = (name: string): RoleAppProcess => {
    const found = apps.get(name);
    if (found === undefined) throw new Error(`no application ${name}`);
    return found;
  };

  /** What it answers from now on, without telling anybody. */
  const answers = async (name: string, isLeader: boolean): Promise<void> => {
    const { behaviour } = await app(name).state();
    await app(name).behave({ lies: behaviour.leads !== isLeader, fault: "none", servers: null });
  };
  const answer = (leaders: readonly string[]): Promise<unknown> =>
    Promise.all(NAMES.map((name) => answers(name, leaders.includes(name))));

  /** Resolves once nobody was asked for longer than an event takes, just after the asking that a tick caused. */
  const quiet = async (): Promise<void> => {
    let since = performance.now();
    let last = await askedOf(app("db-0"));
    let quietMs = 0;
    await poll(
      async () => {
        const now = await askedOf(app("db-0"));
        if (now === last) return undefined;
        quietMs = performance.now() - since;
        [last, since] = [now, performance.now()];
        return quietMs > (TICK_SECONDS * 1000) / 2 ? true : undefined;
      },
      { what: "an asking by a tick", everyMs: 20, deadlineMs: 5 * TICK_BOUND_MS },
    );
  };

  /** When the pod was labelled leader, after `since`, as the watch told it. */
  const labelledAt = (name: string, since: number): number | undefined =>
    trace.revisions.find(
      ({ pod, at }) =>
        at > since && pod.metadata.name === name && pod.metadata.labels?.[ROLES.roleLabel] === ROLES.leader,
    )?.at;

  beforeAll(async () => {
    scene = await startSceneOfTwo({ podAddress: (_namespace, name) => hostOf(name) });
    trace = await startTrace(scene.lab);
    const { processes, dataDir: folder } = scene.lab.plane;
    const port = await freePort();
    const claims = { sink: scene.balancer.url, namespace: NAMESPACE };
    for (const id of NAMES) {
      // oxlint-disable-next-line no-await-in-loop -- ports are found one after the other
      apps.set(id, await startRoleAppProcess(processes, { id, host: hostOf(id), port, folder, claims }));
    }
    await createNamespace(scene.lab, NAMESPACE);
    await createStatefulSet(scene.lab, { name: "db", namespace: NAMESPACE, replicas: 3 });
    await podsReady(scene.lab, NAMESPACE, 3);
  });

  afterAll(async () => {
    trace.stop();
    await scene.stop();
  });

  it("labels the pod that says that it leads, and the others followers", async () => {
    await answer(["db-1"]);
    const begun = performance.now();
    uid = (await createChecker(scene.lab, "db", { rpcPort: app("db-0").port, intervalSeconds: TICK_SECONDS })).metadata
      .uid;
    await settles(scene.lab, "db", { leader: "db-1", deadlineMs: EVENT_BOUND_MS });
    const took = (labelledAt("db-1", begun) ?? Number.NaN) - begun;
    process.stdout.write(`first labelling, gRPC loaded included: ${took.toFixed(0)} ms\n`);
    const pods = await list(scene.lab, podsPath(NAMESPACE));
    const roles = new Map(pods.map(({ metadata }) => [metadata.name, metadata.labels?.["node-role"]]));
    expect(Object.fromEntries(roles)).toEqual({ "db-0": "follower", "db-1": "leader", "db-2": "follower" });
  });

  it("follows a leadership that moves without any change of readiness and without a word, within one interval", async () => {
    const versionsBefore = (await list(scene.lab, podsPath(NAMESPACE))).map(({ status }) => JSON.stringify(status));
    // Events of the first labelling still cause runs; from here on only the interval does.
    await quiet();
    const begun = performance.now();
    await answer(["db-2"]);
    await settles(scene.lab, "db", { leader: "db-2", deadlineMs: TICK_BOUND_MS });
    const took = (labelledAt("db-2", begun) ?? Number.NaN) - begun;
    process.stdout.write(`moved by the interval of ${TICK_SECONDS} s: ${took.toFixed(0)} ms\n`);
    expect((await list(scene.lab, podsPath(NAMESPACE))).map(({ status }) => JSON.stringify(status))).toEqual(
      versionsBefore,
    );
  });

  it("follows a claim at once", async () => {
    await patch(scene.lab, checkerPath("db"), { spec: { intervalSeconds: 3600 } });
    await Promise.all(NAMES.map((name) => app(name).behave({ leads: name === "db-2", lies: false })));
    await settles(scene.lab, "db", { leader: "db-2", deadlineMs: EVENT_BOUND_MS });
    const times: number[] = [];
    let before = "db-2";
    for (let move = 0; move < MOVES; move += 1) {
      const next = NAMES[move % NAMES.length] ?? "";
      // oxlint-disable-next-line no-await-in-loop -- leadership moves one after the other
      await app(before).behave({ leads: false });
      const begun = performance.now();
      // oxlint-disable-next-line no-await-in-loop
      expect(await app(next).behave({ leads: true })).toBe(204);
      // oxlint-disable-next-line no-await-in-loop
      await settles(scene.lab, "db", { leader: next, deadlineMs: CLAIM_BOUND_MS });
      times.push((labelledAt(next, begun) ?? Number.NaN) - begun);
      before = next;
    }
    const shown = [median(times), Math.max(...times)].map((time) => time.toFixed(1)).join(", max ");
    process.stdout.write(`claim to label, ${MOVES} moves: median ${shown} ms\n`);
    expect(median(times)).toBeLessThan(CLAIM_BOUND_MS);
  });

  it("asks before it believes: a claim that the pod does not stand by moves nothing", async () => {
    const { leaderNode = "", epoch } = await statusOf(scene.lab, "db");
    const liar = NAMES.find((name) => name !== leaderNode) ?? "";
    await app(liar).behave({ lies: true });
    expect(await app(liar).behave({ leads: true })).toBe(204);
    await settles(scene.lab, "db", { leader: leaderNode, deadlineMs: EVENT_BOUND_MS });
    expect((await statusOf(scene.lab, "db")).epoch).toBe(epoch);
    await app(liar).behave({ leads: false, lies: false });
    await patch(scene.lab, checkerPath("db"), { spec: { intervalSeconds: TICK_SECONDS } });
  });

  it("two claimants without a majority: the leader stays, the condition is Conflict; with one the majority's view leads", async () => {
    await answer(["db-0"]);
    await settles(scene.lab, "db", { leader: "db-0", deadlineMs: TICK_BOUND_MS });
    await answer(["db-0", "db-1"]);
    await conditionSays(scene.lab, "db", {
      type: "Conflict",
      reason: "SeveralLeaders",
      says: "db-0, db-1 say that they lead",
      deadlineMs: TICK_BOUND_MS,
    });
    await settles(scene.lab, "db", { leader: "db-0", deadlineMs: EVENT_BOUND_MS });
    const servers = [{ id: "7", rpcAddr: "db-1.db.data.svc.cluster.local:8000", isLeader: true }];
    await Promise.all(["db-1", "db-2"].map((name) => app(name).behave({ servers })));
    await settles(scene.lab, "db", { leader: "db-1", deadlineMs: TICK_BOUND_MS });
    expect((await statusOf(scene.lab, "db")).conditions?.map(({ type }) => type)).not.toContain("Conflict");
  });

  it("a leader that hangs keeps its label until a majority answers and one of it claims", async () => {
    await answer(["db-1"]);
    await app("db-1").behave({ fault: "hang" });
    await conditionSays(scene.lab, "db", {
      type: "Unreachable",
      reason: "LeaderSilent",
      says: "db-1 keeps its label without an answer: db-1: no answer within 1000 ms",
      deadlineMs: TICK_BOUND_MS + EVENT_BOUND_MS,
    });
    await settles(scene.lab, "db", { leader: "db-1", deadlineMs: EVENT_BOUND_MS });
    await answers("db-2", true);
    await settles(scene.lab, "db", { leader: "db-2", deadlineMs: TICK_BOUND_MS + EVENT_BOUND_MS });
  });

  it("a leader that is not Ready loses its label, to nobody until somebody claims", async () => {
    await answer(["db-2"]);
    await scene.lab.kubelet.setReady(NAMESPACE, "db-2", false);
    await settles(scene.lab, "db", { leader: "", deadlineMs: TICK_BOUND_MS });
    await answer(["db-0", "db-2"]);
    await settles(scene.lab, "db", { leader: "db-0", deadlineMs: TICK_BOUND_MS });
    await scene.lab.kubelet.setReady(NAMESPACE, "db-2", true);
    await answer(["db-0"]);
    await settles(scene.lab, "db", { leader: "db-0", deadlineMs: TICK_BOUND_MS });
  });

  it("a deleted checker leaves no label, no Lease, and no finalizer behind", async () => {
    await remove(scene.lab, checkerPath("db"));
    await gone(scene.lab, checkerPath("db"), EVENT_BOUND_MS);
    const pods = await list(scene.lab, podsPath(NAMESPACE));
    for (const { metadata } of pods) {
      expect(metadata.labels).not.toHaveProperty("node-role");
      expect(metadata.labels).not.toHaveProperty(["bellwether.dev/roles"]);
    }
    expect((await scene.lab.api.call("GET", recordPath(uid))).status).toBe(404);
  });

  it("never made two leaders over the whole run", async () => {
    await scene.observer.stop();
    expect(scene.observer.gaps).toEqual([]);
    const verdict = judge(scene.observer.revisions, ROLES_STANDARD);
    expect(verdict.violations, renderVerdict(verdict)).toEqual([]);
    const [leadership, ...others] = verdict.leaderships;
    expect([leadership?.name, leadership?.served, others]).toEqual([`${NAMESPACE}/db`, true, []]);
    expect(leadership?.changes).toBeGreaterThan(MOVES);
    expect(verdict.promotions).toBeGreaterThan(MOVES);
  });
});
