/** Whether label, record, stamps and token of a group agree on one leader: what a hand-over that has ended leaves behind. */
import type { PodView, RecordView } from "../../functions/kit/handover/model.ts";
import type { RoleNames } from "../../functions/kit/handover/names.ts";

export interface Group {
  readonly names: RoleNames;
  readonly record: RecordView | undefined;
  /** Enrolled in it. */
  readonly pods: readonly PodView[];
}

const listed = (pods: readonly PodView[]): string => pods.map(({ name }) => name).join() || "nobody";

/** The first thing that is not as it should be where this pod is the leader, or nobody is (undefined). */
export const disagreementOn = ({ names, record, pods }: Group, uid: string | undefined): string | undefined => {
  const leaders = pods.filter(({ role }) => role === names.leader);
  const wanted = uid === undefined ? [] : [uid];
  const checks: readonly (readonly [what: string, holds: boolean])[] = [
    [`labelled are ${listed(leaders)}`, leaders.map((pod) => pod.uid).join() === wanted.join()],
    [`the record names ${record?.holder?.name ?? "nobody"}`, record?.holder?.uid === uid],
    [
      `with a token are ${listed(pods.filter(({ token }) => token !== undefined))}`,
      pods.every((pod) => pod.token === (pod.uid === uid ? String(record?.epoch) : undefined)),
    ],
    [
      "a stamp is another than the record's",
      record === undefined || pods.every(({ stamp }) => stamp?.epoch === record.epoch && stamp?.record === record.uid),
    ],
    ["a follower is not labelled so", pods.every((pod) => pod.uid === uid || (pod.role ?? null) === names.follower)],
  ];
  return checks.find(([, holds]) => !holds)?.[0];
};
