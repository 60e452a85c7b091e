/** Any mix of pods, labels, stamps and records that a group can be found in, with at most one writer label to begin with. */
import { array, boolean, constant, constantFrom, integer, nat, option, record, type Arbitrary } from "fast-check";
import { ROLES } from "../../functions/election/labels.ts";
import type { RecordView } from "../../functions/kit/handover/model.ts";
import type { Observed } from "../../functions/kit/handover/plan.ts";
import type { Candidate } from "../../functions/kit/pods/candidate.ts";
import {
  aPod,
  aRecord,
  EPOCH,
  FLOOR,
  LEASE_UID,
  NOW,
  seen,
  SET_UID,
  type PodOptions,
} from "../unit/support/builders.ts";

const PODS_MAX = 5;
const NEAR = 3;

/** Around the record's epoch, and around the clock, where ties and overtaking happen. */
const anEpoch: Arbitrary<number> = integer({ min: -NEAR, max: NEAR }).chain((offset) =>
  constantFrom(EPOCH + offset, FLOOR + offset),
);

const aStamp: Arbitrary<Pick<PodOptions, "epoch" | "record">> = record({
  epoch: option(anEpoch, { nil: undefined }),
  record: constantFrom(LEASE_UID, "uid-of-old-lease"),
});

type Shape = Omit<PodOptions, "name" | "version">;

const aShape: Arbitrary<Shape> = record({
  ready: boolean(),
  terminating: boolean(),
  phase: constantFrom("Running", "Running", "Failed"),
  role: constantFrom("reader", "reader", "chief", undefined),
  group: constantFrom(SET_UID, SET_UID, "uid-of-other", null),
  owner: constantFrom(SET_UID, SET_UID, SET_UID, "uid-of-other"),
  token: option(anEpoch.map(String), { nil: undefined }),
  stamp: aStamp,
}).map(({ stamp, ...shape }) => Object.assign(shape, stamp));

/** What a read shows: members, and pods that are enrolled in the group. */
const isShown = (pod: Candidate): boolean => pod.member || pod.group === SET_UID;

/** Pods with at most one writer label among them. */
export const somePods: Arbitrary<readonly Candidate[]> = record({
  shapes: array(aShape, { maxLength: PODS_MAX }),
  writer: option(nat({ max: PODS_MAX - 1 }), { nil: undefined }),
}).map(({ shapes, writer }) =>
  shapes
    .map((shape, index) =>
      seen(aPod(Object.assign({}, shape, { name: `db-${index}` }, index === writer ? { role: "writer" } : {}))),
    )
    .filter((pod) => isShown(pod)),
);

/** As the replaced operator leaves it: a holder's name, and nothing of ours. */
const asAdopted = (view: RecordView): RecordView => ({
  ...view,
  epoch: undefined,
  acquireTime: undefined,
  holder: view.holder === undefined ? undefined : { name: view.holder.name, uid: "" },
});

/** None, ours, or adopted; held by one of the pods, by one that is gone, or by nobody. */
export const someRecord: Arbitrary<RecordView | undefined> = option(
  record({
    holder: constantFrom<string | null>("db-0", "db-1", "db-2", "db-9", null),
    adopted: constantFrom(false, false, true),
    tampered: constantFrom(false, false, false, true),
    epoch: anEpoch,
  }).map(({ holder, adopted, tampered, epoch }) => {
    const view = aRecord(Object.assign({ holder, epoch }, tampered ? { holderUid: "uid-of-nobody" } : {}));
    return adopted ? asAdopted(view) : view;
  }),
  { nil: undefined },
);

export const someGroup: Arbitrary<Observed<Candidate>> = record({
  names: constantFrom(ROLES, { ...ROLES, follower: null }),
  group: constant(SET_UID),
  record: someRecord,
  pods: somePods,
  epochSeen: constantFrom(0, EPOCH, FLOOR + 2),
  now: constant(NOW),
});
