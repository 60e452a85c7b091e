/** What the sender puts on the wire, and what it does when the sink fails. */
import { afterEach, expect, it } from "vitest";
import { leaderElected, type OutgoingEvent } from "../../../events/encode.ts";
import { createSender, type EventSender, type SenderOptions } from "../../../events/send.ts";
import { startRecorder, type Recorder } from "./recorder.ts";

const recorders: Recorder[] = [];
afterEach(async () => {
  await Promise.all(recorders.splice(0).map(({ close }) => close()));
});

const event = (epoch: number): OutgoingEvent =>
  leaderElected({
    feature: "election",
    owner: { apiVersion: "v1", kind: "Service", namespace: "data", name: "db", uid: "0b0b" },
    group: "9f00",
    record: { name: "db-writer", uid: "1ea5" },
    epoch,
    leader: { name: "db-1", uid: "5c1e" },
    reason: "first election",
    time: "2026-11-20T07:54:38.000Z",
  });

interface Bench {
  readonly sink: Recorder;
  readonly sender: EventSender;
  readonly dropped: readonly string[];
}

const open = async (options: Partial<SenderOptions> = {}): Promise<Bench> => {
  const sink = await startRecorder();
  recorders.push(sink);
  const dropped: string[] = [];
  const onDrop = ({ data }: OutgoingEvent, problem: string): void => void dropped.push(`${data.epoch}: ${problem}`);
  return { sink, dropped, sender: createSender({ sink: new URL(sink.url), onDrop, ...options }) };
};

it("posts a binary CloudEvent with the extensions of K_CE_OVERRIDES", async () => {
  const { sink, sender, dropped } = await open({ ceOverrides: { cluster: "blue" } });
  sender.send(event(7));
  await sender.idle();
  expect(dropped).toEqual([]);
  const { target, headers, body } = await sink.first(() => true);
  expect(target).toBe("POST /");
  expect(headers).toEqual({
    "ce-id": "1ea5/7/dev.bellwether.leader.elected.v1",
    "ce-source": "/apis/v1/namespaces/data/services/db",
    "ce-specversion": "1.0",
    "ce-subject": "/apis/v1/namespaces/data/pods/db-1",
    "ce-time": "2026-11-20T07:54:38.000Z",
    "ce-type": "dev.bellwether.leader.elected.v1",
    "ce-partitionkey": "0b0b",
    "ce-cluster": "blue",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    host: new URL(sink.url).host,
  });
  expect(JSON.parse(body)).toEqual(event(7).data);
});

it("sends in order, and again after 503", async () => {
  const { sink, sender, dropped } = await open();
  sink.answer(503);
  for (const epoch of [1, 2, 3]) sender.send(event(epoch));
  await sender.idle();
  expect(dropped).toEqual([]);
  expect(sink.received.map(({ headers }) => headers["ce-id"]?.split("/")[1])).toEqual(["1", "1", "2", "3"]);
});

it("drops an event after three tries, or at once when the sink refuses it, and goes on with the next", async () => {
  const { sink, sender, dropped } = await open();
  sink.answer(500, 502, 503, 400);
  for (const epoch of [1, 2, 3]) sender.send(event(epoch));
  await sender.idle();
  expect(dropped).toEqual(["1: status 503", "2: status 400"]);
  expect(sink.received).toHaveLength(5);
});

it("gives a silent sink its deadline, and keeps no more events than its queue holds", async () => {
  const { sink, sender, dropped } = await open({ deadlineMs: 50, queueLimit: 1 });
  sink.hang();
  for (const epoch of [1, 2, 3]) sender.send(event(epoch));
  expect(dropped).toEqual(["3: the queue is full (1 events)"]);
  await sender.idle();
  expect(dropped.slice(1)).toEqual(
    [1, 2].map((epoch) => `${epoch}: TimeoutError: The operation was aborted due to timeout`),
  );
});

it("reports a sink that does not exist", async () => {
  const { sink, sender, dropped } = await open();
  await sink.close();
  sender.send(event(1));
  await sender.idle();
  expect(dropped).toEqual([expect.stringContaining("ECONNREFUSED")]);
});
