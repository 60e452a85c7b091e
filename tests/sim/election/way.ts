/** StatefulSetLocks as the simulation runs and judges them. */
import { createElection } from "../../../functions/election/feature.ts";
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { ELECTION_METRICS } from "../../../functions/election/metrics.ts";
import { enrolmentLabel, GROUP_LABEL } from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { isLabelled } from "../doubles.ts";
import { epochOn } from "../epochs.ts";
import { all } from "../hands.ts";
import { NO_EXCUSE, type Way } from "../way.ts";
import type { World } from "../world.ts";
import { specOf, tidyElection } from "./locks.ts";
import { unrest } from "./rest.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);

const remembered = (world: World, group: string): number => {
  const set = all(world, STATEFUL_SETS).find(({ metadata }) => metadata.uid === group)?.metadata;
  const locks = all(world, LOCKS).filter((lock) => specOf(lock).statefulSetName === set?.name);
  const pods = all(world, PODS).filter(
    ({ metadata: { labels, ownerReferences } }) =>
      labels?.[ENROLMENT] === group ||
      (labels?.["app"] === set?.name && ownerReferences?.some(({ uid }) => uid === group) === true),
  );
  const leases = all(world, LEASES).filter(
    ({ metadata }) =>
      metadata.labels?.[GROUP_LABEL] === group && locks.some((lock) => specOf(lock).leaseName === metadata.name),
  );
  // Where several locks compete, only the served one's status is read.
  const [lock] = locks.length === 1 ? locks : [];
  const told = (lock?.status as { epoch?: number } | undefined)?.epoch ?? 0;
  return Math.max(told, epochOn(ELECTION_WAY, { pods, leases }));
};

export const ELECTION_WAY: Way = {
  names: ROLES,
  standard: ELECTION,
  metrics: ELECTION_METRICS,
  create: (context) => createElection(context),
  events: [LOCKS],
  kinds: [LOCKS],
  teamOf: ({ metadata }) => metadata.labels?.["app"] ?? "",
  leads: (_world, pod) => isLabelled(ELECTION_WAY, pod),
  remembered,
  watch: () => NO_EXCUSE,
  actors: [],
  tidy: tidyElection,
  calm: () => undefined,
  unrest,
  tellsOnce: false,
};
