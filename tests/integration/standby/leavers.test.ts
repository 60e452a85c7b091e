/**
 * Goal: as the real API server orders it, no pod loses its enrolment but right after a write of its group's Lease that does not name it, and a
 * pod that the Lease names and that is not enrolled is stamped before the Lease names another.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareVersions, type Revision } from "../../../functions/kit/history/revision.ts";
import { EPOCH_ANNOTATION, HOLDER_UID_ANNOTATION, RELEASED_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { createNamespace } from "../support/fixture.ts";
import { leasesPath, list, patch, podPath, podsPath, podsReady } from "../support/objects.ts";
import { startSceneOfTwo, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS } from "../support/stage.ts";
import { judgeRun } from "./label-verdict.ts";
import {
  activePods,
  annotateMode,
  bare,
  createPod,
  createService,
  MODE,
  startRoutes,
  until,
  untilExtended,
  type Routes,
} from "./label-stage.ts";

const ENROLMENT = "bellwether.dev/standby";
const STAMP = "bellwether.dev/standby.epoch";
const BOUND_MS = EVENT_BOUND_MS + 1_000 + TICK_BOUND_MS;

const isBefore = (one: Revision, other: Revision): boolean =>
  compareVersions(one.resourceVersion, other.resourceVersion) < 0;

const byVersion = (one: Revision, other: Revision): number =>
  compareVersions(one.resourceVersion, other.resourceVersion);

/** The states of one kind in a namespace, in the order of the server. */
const statesOf = ({ observer }: Scene, namespace: string, kind: string): readonly Revision[] =>
  observer.revisions
    .filter(({ object }) => object.kind === kind && object.metadata.namespace === namespace)
    .toSorted(byVersion);

/** Each pod's state before and after it lost its enrolment. */
const releasesOf = (pods: readonly Revision[]): readonly (readonly [Revision, Revision])[] =>
  [...Map.groupBy(pods, ({ object }) => object.metadata.uid).values()].flatMap((states) =>
    states.flatMap((state, index) => {
      const before = states[index - 1];
      const isLost = before?.object.metadata.labels?.[ENROLMENT] !== undefined;
      return before !== undefined && isLost && state.object.metadata.labels?.[ENROLMENT] === undefined
        ? [[before, state] as const]
        : [];
    }),
  );

/** Releases without a Lease that was written since the pod had its last state, says so, and names somebody else. */
const unnoticed = (
  scene: Scene,
  namespace: string,
): { readonly releases: number; readonly faults: readonly string[] } => {
  const leases = statesOf(scene, namespace, "Lease");
  const releases = releasesOf(statesOf(scene, namespace, "Pod"));
  const faults = releases.flatMap(([before, after]) => {
    const { uid, name, labels } = before.object.metadata;
    const notices = leases.filter(
      (lease) =>
        lease.object.metadata.name.endsWith(labels?.[ENROLMENT] ?? "") &&
        lease.object.metadata.annotations?.[RELEASED_ANNOTATION] !== undefined &&
        lease.object.metadata.annotations[HOLDER_UID_ANNOTATION] !== uid &&
        isBefore(before, lease) &&
        isBefore(lease, after),
    );
    return notices.length === 0 ? [`${name} lost its enrolment at ${after.resourceVersion} without a notice`] : [];
  });
  return { releases: releases.length, faults };
};

describe("pods that leave their group, on a real control plane, both adapters, two instances", () => {
  let scene: Scene;
  let lab: Lab;
  let routes: Routes;

  const relabel = (namespace: string, name: string, app: string): Promise<unknown> =>
    patch(lab, podPath(namespace, name), { metadata: { labels: { app } } });

  /** An annotated Service over pods `store-a` and `store-b`, and where it leads. */
  const createServed = async (namespace: string): Promise<string> => {
    await createNamespace(lab, namespace);
    for (const name of ["store-a", "store-b"]) {
      // oxlint-disable-next-line no-await-in-loop
      await createPod(lab, namespace, name, { app: "store" });
    }
    await podsReady(lab, namespace, 2);
    await createService(lab, namespace, { name: "store", annotations: MODE });
    await untilExtended(lab, namespace, { name: "store", app: "store", deadlineMs: BOUND_MS });
    const [pod = ""] = await routes.leads(`${namespace}/store`, { count: 1, deadlineMs: SCALE_BOUND_MS });
    return pod;
  };

  /** What the observer has seen of a namespace reaches what the server has now. */
  const observed = async (namespace: string): Promise<void> => {
    const pods = await list(lab, podsPath(namespace));
    await until(
      "the observer has seen the pods",
      () =>
        pods.every(({ metadata }) =>
          scene.observer.revisions.some(({ resourceVersion }) => resourceVersion === metadata.resourceVersion),
        ),
      EVENT_BOUND_MS,
    );
  };

  beforeAll(async () => {
    scene = await startSceneOfTwo({ auditLog: true });
    ({ lab } = scene);
    routes = await startRoutes(lab);
  });

  afterAll(async () => {
    routes.stop();
    await scene.stop();
  });

  it("an active pod that is relabelled for another Service is let go after a notice, and is active there", async () => {
    const pod = await createServed("moved");
    await createService(lab, "moved", { name: "other", annotations: MODE });
    await relabel("moved", pod, "other");
    await routes.leads("moved/store", { count: 1, is: (name) => name !== pod, deadlineMs: SCALE_BOUND_MS });
    await untilExtended(lab, "moved", { name: "other", app: "other", deadlineMs: BOUND_MS });
    expect(await routes.leads("moved/other", { count: 1, deadlineMs: SCALE_BOUND_MS })).toEqual([pod]);
    expect((await activePods(lab, "moved")).toSorted()).toEqual(["store-a", "store-b"]);
    await observed("moved");
    expect(unnoticed(scene, "moved")).toEqual({ releases: 1, faults: [] });
  });

  it("at the end of a group each pod loses its enrolment after a notice", async () => {
    await createServed("ended");
    await annotateMode(lab, "ended", "store", null);
    await until("nothing is left in ended", () => bare(lab, "ended"), BOUND_MS);
    await observed("ended");
    expect(unnoticed(scene, "ended")).toEqual({ releases: 2, faults: [] });
  });

  it("a group that never had a Lease gets one that names nobody, before its end", async () => {
    await createNamespace(lab, "leaseless");
    await createPod(lab, "leaseless", "store-a", { app: "store" });
    await podsReady(lab, "leaseless", 1);
    await lab.kubelet.setReady("leaseless", "store-a", false);
    await createService(lab, "leaseless", { name: "store", annotations: MODE });
    const isEnrolled = async (): Promise<boolean> =>
      (await list(lab, `${podsPath("leaseless")}?labelSelector=${ENROLMENT}`)).length === 1;
    await until("the pod is enrolled", isEnrolled, BOUND_MS);
    expect(await list(lab, leasesPath("leaseless"))).toEqual([]);
    await annotateMode(lab, "leaseless", "store", null);
    await until("nothing is left in leaseless", () => bare(lab, "leaseless"), BOUND_MS);
    await observed("leaseless");
    expect(unnoticed(scene, "leaseless")).toEqual({ releases: 1, faults: [] });
    const holders = statesOf(scene, "leaseless", "Lease").map(
      ({ object }) => object.metadata.annotations?.[HOLDER_UID_ANNOTATION],
    );
    expect(new Set(holders)).toEqual(new Set([""]));
  });

  it("a pod that the Lease names, and that somebody has taken out of group and selector, is stamped before another is named", async () => {
    const pod = await createServed("unseen");
    const [before] = await list(lab, leasesPath("unseen"));
    const labels = { app: "gone", [ENROLMENT]: null, "qoqo.dev/pod-designation": null };
    await patch(lab, podPath("unseen", pod), { metadata: { labels } });
    await routes.leads("unseen/store", { count: 1, is: (name) => name !== pod, deadlineMs: SCALE_BOUND_MS + BOUND_MS });
    await observed("unseen");
    const named = statesOf(scene, "unseen", "Lease").find(
      ({ object: { metadata } }) =>
        metadata.annotations?.[HOLDER_UID_ANNOTATION] !== before?.metadata.annotations?.[HOLDER_UID_ANNOTATION],
    );
    const stamped = statesOf(scene, "unseen", "Pod").find(
      ({ object: { metadata } }) =>
        metadata.name === pod &&
        metadata.annotations?.[STAMP] === named?.object.metadata.annotations?.[EPOCH_ANNOTATION],
    );
    expect([named, stamped]).not.toContain(undefined);
    expect(compareVersions(stamped?.resourceVersion ?? "", named?.resourceVersion ?? "")).toBe(-1);
  });

  it("no write of ours ever made two active pods, and none was unconditional", async () => {
    expect((await judgeRun(scene)).faults).toEqual([]);
  });
});
