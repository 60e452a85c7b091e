/** Finalizers, field managers, merged lists, own writes and spreading: small rules, each in a line or two. */
import { expect, test } from "vitest";
import { addFinalizer, hasFinalizer, removeFinalizer } from "../../../functions/kit/finalizers.ts";
import { isNewer, mergeByUid } from "../../../functions/kit/handover/merge.ts";
import {
  patchRequest,
  getRequest,
  PODS,
  createRequest,
  type KubeResponse,
} from "../../../functions/kit/kube/request.ts";
import { managersOf } from "../../../functions/kit/managers.ts";
import { rememberOwnWrites } from "../../../functions/kit/own-writes.ts";
import { spread } from "../../../functions/kit/spread.ts";
import { aPod } from "../support/builders.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const META = { name: "x", namespace: "default", uid: "u", resourceVersion: "4", finalizers: ["theirs"] };

test("a finalizer is added behind those of others, on the version that was read", () => {
  const request = addFinalizer(PODS, META, "ours");
  expect(request.body).toEqual({ metadata: { finalizers: ["theirs", "ours"], uid: "u", resourceVersion: "4" } });
  expect(addFinalizer(PODS, { ...META, finalizers: [] }, "ours").body).toMatchObject({
    metadata: { finalizers: ["ours"] },
  });
});

test("removing a finalizer leaves those of others", () => {
  const on = { ...META, finalizers: ["theirs", "ours"] };
  expect(removeFinalizer(PODS, on, "ours").body).toMatchObject({
    metadata: { finalizers: ["theirs"], resourceVersion: "4" },
  });
  expect([hasFinalizer(on, "ours"), hasFinalizer(META, "ours")]).toEqual([true, false]);
});

test("managersOf names who owns the field, and nobody who owns only its neighbour", () => {
  const pod = aPod({
    managedFields: [
      { manager: "kubectl", fieldsV1: { "f:metadata": { "f:labels": { "f:sts-role": {} } } } },
      { manager: "kubelet", fieldsV1: { "f:status": {} } },
      { manager: "other", fieldsV1: { "f:metadata": { "f:labels": { "f:app": {} } } } },
      { fieldsV1: { "f:metadata": { "f:labels": { "f:sts-role": {} } } } },
    ],
  });
  expect(managersOf(pod, ["metadata", "labels", "sts-role"])).toEqual(["kubectl", "unknown"]);
  expect(managersOf(aPod(), ["metadata"])).toEqual([]);
});

test("versions are compared as numbers", () => {
  expect([isNewer("10", "9"), isNewer("9", "10"), isNewer("9", "9")]).toEqual([true, false, false]);
  expect(isNewer("9007199254740993", "9007199254740992")).toBe(true);
});

test("of two versions of one pod the newer one counts, whichever list has it", () => {
  const old = aPod({ version: 9, role: "writer" });
  const fresh = aPod({ version: 10, role: "reader" });
  const other = aPod({ name: "db-1" });
  expect(mergeByUid([old, other], [fresh])).toEqual([fresh, other]);
  expect(mergeByUid([fresh], [other, old])).toEqual([fresh, other]);
});

test("a pod recreated under its name is another pod", () => {
  expect(mergeByUid([aPod({ uid: "one" })], [aPod({ uid: "two" })])).toHaveLength(2);
});

const answering =
  (status: number): (() => Promise<KubeResponse>) =>
  () =>
    Promise.resolve({ status, body: aPod({ version: 42 }) });
const UID = aPod().metadata.uid;
const PATCH = patchRequest(PODS, { namespace: "default", on: META }, {});

test("only a patch that was applied is remembered as an own write", async () => {
  const own = rememberOwnWrites();
  const send = own.sendFor("one", answering(200));
  await send(getRequest(PODS, "default", "db-0"));
  await send(createRequest(PODS, "default", {}));
  expect(own.writerOf(UID, "42")).toBeUndefined();
  await send(PATCH);
  expect([own.writerOf(UID, "42"), own.writerOf(UID, "43"), own.writerOf("other", "42")]).toEqual([
    "one",
    undefined,
    undefined,
  ]);
  const refused = rememberOwnWrites();
  await refused.sendFor("one", answering(409))(PATCH);
  expect(refused.writerOf(UID, "42")).toBeUndefined();
});

test("own writes are remembered within a bound, the newest ones", async () => {
  let version = 0;
  const own = rememberOwnWrites();
  const send = own.sendFor("one", () => {
    version += 1;
    return Promise.resolve({ status: 200, body: aPod({ version }) });
  });
  await Promise.all(Array.from({ length: 5000 }, () => send(PATCH)));
  expect([own.writerOf(UID, "1"), own.writerOf(UID, "5000")]).toEqual([undefined, "one"]);
});

test("spread starts the first item at once and the others at equal distances", async () => {
  const clock = createVirtualClock();
  const starts: number[] = [];
  const work = spread([1, 2, 3, 4], { windowMs: 1000, clock }, () => {
    starts.push(clock.monotonic());
    return Promise.resolve();
  });
  expect(starts).toEqual([0]);
  await clock.settle(work);
  expect(starts).toEqual([0, 250, 500, 750]);
});

test("spread of nothing is done at once", async () => {
  const clock = createVirtualClock();
  await clock.settle(spread([], { windowMs: 1000, clock }, () => Promise.reject(new Error("never"))));
  expect(clock.monotonic()).toBe(0);
});
