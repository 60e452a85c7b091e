/** LeaderStatusCheckers as the simulation runs and judges them. */
import { enrolmentLabel, FEATURE_LABEL, GROUP_LABEL } from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { createRoles } from "../../../functions/roles/feature.ts";
import { CHECKERS, ROLES } from "../../../functions/roles/labels.ts";
import { ROLES_METRICS } from "../../../functions/roles/metrics.ts";
import { ROLES_STANDARD } from "../../../infra/observe/scope.ts";
import { isLabelled } from "../doubles.ts";
import { epochOn } from "../epochs.ts";
import { all } from "../hands.ts";
import { groupDeadlineMs } from "../instance.ts";
import { NO_EXCUSE, type Way } from "../way.ts";
import type { World } from "../world.ts";
import { createAsker } from "./asker.ts";
import { podsOf, runApplications } from "./behaviour.ts";
import { specOf, tidyRoles } from "./checkers.ts";
import { watchMoves } from "./judge.ts";
import { unrest } from "./rest.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);

const remembered = (world: World, group: string): number => {
  const set = all(world, STATEFUL_SETS).find(({ metadata }) => metadata.uid === group)?.metadata;
  const checkers = all(world, CHECKERS).filter((checker) => specOf(checker).statefulSetName === set?.name);
  const members = podsOf(world, set?.name ?? "").filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid }) => uid === group),
  );
  const enrolled = all(world, PODS).filter(({ metadata }) => metadata.labels?.[ENROLMENT] === group);
  const leases = all(world, LEASES).filter(
    ({ metadata: { labels } }) => labels?.[GROUP_LABEL] === group && labels[FEATURE_LABEL] === ROLES.feature,
  );
  // Where several checkers compete, only the served one's status is read.
  const [checker] = checkers.length === 1 ? checkers : [];
  const told = (checker?.status as { epoch?: number } | undefined)?.epoch ?? 0;
  return Math.max(told, epochOn(ROLES_WAY, { pods: [...members, ...enrolled], leases }));
};

export const ROLES_WAY: Way = {
  names: ROLES,
  standard: ROLES_STANDARD,
  metrics: ROLES_METRICS,
  create: (context, world, end) =>
    createRoles(context, {
      asker: world.ask(createAsker(world, end)),
      clusterDomain: "cluster.local",
      openNamespaces: [],
      askingMs: groupDeadlineMs / 2,
    }),
  events: [CHECKERS],
  kinds: [CHECKERS],
  teamOf: ({ metadata }) => metadata.labels?.["app"] ?? "",
  leads: (_world, pod) => isLabelled(ROLES_WAY, pod),
  remembered,
  watch: (world) => {
    watchMoves(world);
    return NO_EXCUSE;
  },
  actors: [runApplications],
  tidy: tidyRoles,
  calm: ({ applications }) => applications.manners.clear(),
  unrest,
  tellsOnce: false,
};
