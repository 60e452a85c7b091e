/** Goal: BELLWETHER_MODE=observe can run beside what runs today: it says what it would do, and writes nothing else. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { readGroup } from "../../../infra/lab/group.ts";
import { eventRecorded, get, leasePath, lockIn, patch, podPath } from "../support/objects.ts";
import { createOldState, OLD_OPERATOR } from "../support/old-operator.ts";
import { startStage, tickBoundMs, type Stage } from "../support/stage.ts";

describe("BELLWETHER_MODE=observe beside the replaced operator", () => {
  let stage: Stage;
  const lock = lockIn("watched");

  beforeAll(async () => {
    stage = await startStage();
    await createOldState(stage.lab, { namespace: "watched", writer: "db-1", holder: "db-1", renewedAgoSeconds: 1 });
    await stage.join({ BELLWETHER_MODE: "observe" });
    await stage.startSources();
  });

  afterAll(async () => {
    await stage.stop();
  });

  /** Resolves to the words of the Event that begins so. */
  const says = async (beginning: string): Promise<string> => {
    const { note } = await eventRecorded(stage.lab, "watched", {
      matches: (event) => event.reason === "ObserveMode" && event.note.startsWith(beginning),
      deadlineMs: tickBoundMs(),
    });
    return note;
  };

  it("says what it would do, and who would be the writer", async () => {
    expect(await says("pod db-1 ")).toBe(
      "pod db-1 would be the writer (HolderHealthy); next: enrol 3 pods, then record",
    );
  });

  it("says so of a fail-over too, while the operator carries it out", async () => {
    await stage.lab.kubelet.setReady("watched", "db-1", false);
    expect(await says("pod db-0 ")).toContain("would be the writer (HolderNotReady)");
    await patch(stage.lab, leasePath("watched", "db"), { spec: { holderIdentity: "db-0" } }, OLD_OPERATOR);
    for (const [name, role] of [
      ["db-0", ROLES.leader],
      ["db-1", ROLES.follower],
    ] as const) {
      const body = { metadata: { labels: { [ROLES.roleLabel]: role } } };
      // oxlint-disable-next-line no-await-in-loop
      await patch(stage.lab, podPath("watched", name), body, OLD_OPERATOR);
    }
    expect(await says("pod db-0 would be the writer (HolderHealthy)")).toContain("next: enrol 3 pods");
  });

  it("writes nothing but Events, over ticks and changes", async () => {
    const before = stage.calls.length;
    const sweeps = (): number =>
      stage.calls.slice(before).filter(({ path }) => path.startsWith("/api/v1/pods?")).length;
    await stage.called(() => sweeps() > 1);
    const writes = stage.calls.filter(({ method }) => method !== "GET");
    expect(writes.length).toBeGreaterThan(0);
    expect([...new Set(writes.map(({ method, path }) => `${method} ${path.split("?")[0]}`))]).toEqual([
      "POST /apis/events.k8s.io/v1/namespaces/watched/events",
    ]);
    const { lock: found, pods } = await readGroup(stage.lab, lock);
    expect(pods).toEqual([]);
    expect(found?.status).not.toHaveProperty("epoch");
    expect((await get(stage.lab, leasePath("watched", "db"))).metadata.annotations).toBeUndefined();
  });

  it("repeats no Event whose words have not changed", async () => {
    await stage.lab.kubelet.setReady("watched", "db-2", false);
    const posts = (): number => stage.calls.filter(({ method, status }) => method === "POST" && status === 201).length;
    const before = posts();
    const calls = stage.calls.length;
    const sweeps = (): number => stage.calls.slice(calls).filter(({ path }) => path.startsWith("/api/v1/pods?")).length;
    await stage.called(() => sweeps() > 2);
    expect(posts()).toBe(before);
  });
});
