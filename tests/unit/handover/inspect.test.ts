/** A holder-uid that was tampered with: reported, and the pod that was promoted under the record stays its holder. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { inspect, isPromotedHolder } from "../../../functions/kit/handover/inspect.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { aReader, aRecord, aWriter, EPOCH, seen, type PodOptions } from "../support/builders.ts";

const TAMPERED = aRecord({ holderUid: "of-no-pod" });
const OTHER = aReader({ name: "db-1" });
const reported = (record: RecordView, pods: readonly KubeObject[]): readonly string[] =>
  inspect(
    ROLES,
    record,
    pods.map((pod) => seen(pod)),
  ).map(({ reason, message }) => `${reason}: ${message}`);

test("the pod of the holder's name, promoted under this record and epoch, is its holder", () => {
  expect(isPromotedHolder(ROLES, TAMPERED, seen(aWriter()))).toBe(true);
  expect(reported(TAMPERED, [OTHER, aWriter()])).toEqual([
    'HolderMismatch: the Lease names holder "db-0", but its holder-uid is that of no pod',
  ]);
});

test.each<[string, PodOptions]>([
  ["has another name", { name: "db-7" }],
  ["is not labelled", { role: "reader" }],
  ["has no role", { role: undefined }],
  ["was promoted under another Lease", { record: "another" }],
  ["was promoted under another epoch", { epoch: EPOCH - 1, token: String(EPOCH) }],
  ["was never stamped", { epoch: undefined }],
  ["has no token", { token: undefined }],
  ["has the token of another epoch", { token: String(EPOCH - 1) }],
])("a pod that %s is not taken for the holder, and nothing is reported: the holder is gone", (_title, options) => {
  expect(isPromotedHolder(ROLES, TAMPERED, seen(aWriter(options)))).toBe(false);
  expect(reported(TAMPERED, [OTHER, aWriter(options)])).toEqual([]);
});

test("a holder without uid is one of an adopted Lease: no mismatch", () => {
  expect(reported(aRecord({ holderUid: "" }), [aWriter(), OTHER])).toEqual([]);
});

test("a holder's name without end is reported in a message that can be stored", () => {
  const record = aRecord({ holder: "x".repeat(300), holderUid: "uid-of-db-0" });
  expect(reported(record, [aWriter()])).toEqual([
    `HolderMismatch: the Lease names holder "${"x".repeat(253)}", but its holder-uid is that of db-0`,
  ]);
});
