import { describe, expect, it } from "vitest";
import { handoverStalled, leaderElected, leaderLost, type HandoverFacts } from "../../../events/encode.ts";

const FACTS = {
  feature: "election",
  owner: { apiVersion: "app.anukkrit.me/v1", kind: "StatefulSetLock", namespace: "data", name: "db", uid: "0b0b" },
  group: "9f00",
  record: { name: "db-lease", uid: "1ea5" },
  epoch: 217_345_678,
  reason: "leader not Ready",
  time: "2026-11-20T07:54:38.000Z",
} satisfies HandoverFacts;
const leader = { name: "db-1", uid: "5c1e" };
const previous = { name: "db-0", uid: "5c1d" };

describe("an outgoing event", () => {
  it("says which pod leads, under which epoch, and why", () => {
    const { time, ...data } = FACTS;
    expect(leaderElected({ ...FACTS, leader, previous })).toEqual({
      specversion: "1.0",
      id: "1ea5/217345678/dev.bellwether.leader.elected.v1",
      source: "/apis/app.anukkrit.me/v1/namespaces/data/statefulsetlocks/db",
      type: "dev.bellwether.leader.elected.v1",
      subject: "/apis/v1/namespaces/data/pods/db-1",
      time,
      datacontenttype: "application/json",
      partitionkey: "0b0b",
      data: { ...data, leader, previous },
    });
  });

  it("has the same source and id from every reporter of one fact, whenever it reports", () => {
    const early = leaderElected({ ...FACTS, leader });
    const late = leaderElected({
      ...FACTS,
      leader,
      previous,
      reason: "finished by another instance",
      time: "2026-11-20T07:54:39Z",
    });
    expect([late.source, late.id]).toEqual([early.source, early.id]);
  });

  it("has another id under another epoch, record or type", () => {
    const ids = [
      leaderElected({ ...FACTS, leader }),
      leaderElected({ ...FACTS, leader, epoch: FACTS.epoch + 1 }),
      leaderElected({ ...FACTS, leader, record: { name: "db-lease", uid: "1ea6" } }),
      leaderLost({ ...FACTS, previous }),
      handoverStalled({ ...FACTS, leader }),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("is about the pod that led when nobody leads any more", () => {
    expect(leaderLost({ ...FACTS, previous }).subject).toBe("/apis/v1/namespaces/data/pods/db-0");
  });

  it("is about the owner when a hand-over to nobody stalls", () => {
    expect(handoverStalled(FACTS).subject).toBe("/apis/app.anukkrit.me/v1/namespaces/data/statefulsetlocks/db");
  });
});
