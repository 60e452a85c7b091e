/** Whom the record names, and who may still be promoted by it: who is to be fenced before it moves on, and who has to be looked for. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import {
  answerToHolderFence,
  answerToLook,
  hangingHolder,
  type Hanging,
  type Stop,
} from "../../../functions/kit/handover/attempt.ts";
import { stampEpochAnnotation, stampRecordAnnotation, tokenAnnotation } from "../../../functions/kit/handover/names.ts";
import type { Observed, RecordChange } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import {
  aPod,
  aReader,
  aRecord,
  aWriter,
  EPOCH,
  FLOOR,
  LEASE_UID,
  NOW,
  seen,
  SET_UID,
  type LeaseOptions,
  type PodOptions,
} from "../support/builders.ts";

const observe = (pods: readonly KubeObject[]): Observed<Candidate> => ({
  names: ROLES,
  group: SET_UID,
  record: undefined,
  pods: pods.map((pod) => seen(pod)),
  epochSeen: 0,
  now: NOW,
});

/** From the record, which names db-0 under `EPOCH`, to nobody's under `FLOOR`; null: there is no record yet. */
const changeOf = (record: LeaseOptions | null = {}): RecordChange => ({
  previous: record === null ? undefined : aRecord(record),
  holder: undefined,
  epoch: FLOOR,
  leaseTransitions: 5,
  acquires: true,
});

const hanging = (pods: readonly KubeObject[], record?: LeaseOptions | null): Hanging<Candidate> | undefined =>
  hangingHolder(observe(pods), changeOf(record));

const STAMP = {
  [stampEpochAnnotation(ROLES.feature)]: String(FLOOR),
  [stampRecordAnnotation(ROLES.feature)]: LEASE_UID,
};
const LOOK: Hanging<Candidate> = { kind: "look", name: "db-0" };
/** No holder has it; nor has the pod that is looked for in these tests. */
const UNSEEN = [aReader({ name: "db-1" })];

test.each<[string, LeaseOptions | null]>([
  ["there is no record yet", null],
  ["nobody was promoted under it, because it has no epoch", { epoch: "none" }],
  ["it names nobody", { holder: null }],
])("nobody hangs where %s", (_title, record) => {
  expect(hanging(UNSEEN, record)).toBeUndefined();
});

test.each(["default/db-0", "db-0/log", "..", "db%0", "DB-0", "", "a".repeat(254)])(
  "nobody hangs whose name no pod can have: %o",
  (holder) => {
    expect(hanging(UNSEEN, { holder, holderUid: "uid-of-db-0" })).toBeUndefined();
  },
);

test.each<[string, PodOptions]>([
  ["it has the record's stamp", { epoch: EPOCH }],
  ["its stamp is of a later epoch, so that nobody promotes it by the record", { epoch: EPOCH + 1 }],
  ["its stamp is of that epoch, but of another record", { epoch: EPOCH, record: "another" }],
])("an enrolled holder does not hang where %s", (_title, pod) => {
  expect(hanging([aPod(pod)])).toBeUndefined();
});

test.each<[string, PodOptions]>([
  ["it has no stamp", {}],
  ["its stamp is of an earlier epoch", { epoch: EPOCH - 1 }],
  ["its stamp is of an earlier epoch of another record", { epoch: EPOCH - 1, record: "another" }],
])("an enrolled holder is fenced under the coming epoch, and loses role and token, where %s", (_title, options) => {
  const pod = aPod({ role: "writer", token: "1", ...options });
  const labels = { [ROLES.roleLabel]: "reader" };
  const annotations = { ...STAMP, [tokenAnnotation(ROLES.feature)]: null };
  expect(hanging([pod])).toEqual({ kind: "fence", change: { pod: seen(pod), labels, annotations } });
});

test.each<[string, readonly KubeObject[]]>([
  ["not among the pods", UNSEEN],
  ["enrolled nowhere", [aWriter({ group: null })]],
  ["enrolled in another group", [aWriter({ group: "another" })]],
  ["not the pod that has its name now", [aWriter({ uid: "uid-of-another" })]],
])("a holder that is %s is looked for", (_title, pods) => {
  expect(hanging(pods)).toEqual(LOOK);
});

const found = (pod: KubeObject): KubeResponse => ({ status: 200, body: pod });
const failure = (status: number, reason: string): KubeResponse => ({ status, body: { kind: "Status", reason } });

const told = (response: KubeResponse, record?: LeaseOptions | null): ReturnType<typeof answerToLook<Candidate>> =>
  answerToLook(seen, observe(UNSEEN), { change: changeOf(record), response });

test.each<[string, KubeResponse, (LeaseOptions | null)?]>([
  ["it is gone", failure(404, "NotFound")],
  ["another has its name", found(aPod({ group: null, uid: "uid-of-another" }))],
  ["its stamp is later than the record's", found(aPod({ group: null, epoch: EPOCH + 1 }))],
  [
    "it leads another group under a later stamp",
    found(aWriter({ group: "another", epoch: EPOCH + 1, record: "another" })),
  ],
  [
    "its stamp is of that epoch, but of another record",
    found(aPod({ group: "another", record: "another", epoch: EPOCH })),
  ],
  ["there is no record", found(aPod({ group: null })), null],
  ["the record has no epoch", found(aPod({ group: null })), { epoch: "none" }],
])("whoever was looked for is left alone where %s", (_title, response, record) => {
  expect(told(response, record)).toBeUndefined();
});

test.each<[string, KubeObject]>([
  ["it is enrolled nowhere", aPod({ group: null })],
  ["it has the record's stamp", aPod({ group: null, epoch: EPOCH })],
  ["it follows in another group", aPod({ group: "another", role: "reader", epoch: EPOCH - 1, record: "another" })],
  ["it leads another group under an earlier stamp", aWriter({ group: "another", epoch: EPOCH - 1, record: "another" })],
])("whoever was looked for gets the coming epoch's stamp, and nothing else, where %s", (_title, pod) => {
  expect(told(found(pod))).toEqual({ kind: "fence", change: { pod: seen(pod), labels: {}, annotations: STAMP } });
});

const FORBIDDEN = failure(403, "Forbidden");

test.each<[string, KubeResponse, Stop]>([
  ["is enrolled by now", found(aReader()), { kind: "restart", reason: "pod db-0 was enrolled meanwhile" }],
  ["may not be read", FORBIDDEN, { kind: "refused", doing: "get the pod that the record names", response: FORBIDDEN }],
])("the record does not move on where whoever was looked for %s", (_title, response, stop) => {
  expect(told(response)).toEqual(stop);
});

test.each<[string, KubeResponse, Stop | undefined]>([
  ["done", found(aReader()), undefined],
  ["the pod is gone", failure(404, "NotFound"), undefined],
  [
    "the pod has changed",
    failure(409, "Conflict"),
    { kind: "restart", reason: "pod db-0 changed before the record did" },
  ],
  ["refused", FORBIDDEN, { kind: "refused", doing: "fence pod db-0", response: FORBIDDEN }],
])("the fence before the record moves on, %s", (_title, response, stop) => {
  expect(answerToHolderFence(seen(aReader()), response)).toEqual(stop);
});
