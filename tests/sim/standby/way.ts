/** Active/standby Services of both modes as the simulation runs and judges them. */
import { enrolmentLabel, FEATURE_LABEL, GROUP_LABEL } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, LEASES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { createStandby } from "../../../functions/standby/feature.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { STANDBY_METRICS } from "../../../functions/standby/metrics.ts";
import { groupOfService, isOwner, viewService } from "../../../functions/standby/model.ts";
import { isReadyEndpoint, viewSlice } from "../../../functions/standby/route/model.ts";
import { STANDBY_STANDARD } from "../../../infra/observe/scope.ts";
import { isLabelled } from "../doubles.ts";
import { epochOn } from "../epochs.ts";
import { all } from "../hands.ts";
import type { Way } from "../way.ts";
import type { World } from "../world.ts";
import { watchCutOvers } from "./cut-overs.ts";
import { runDeployments } from "./deployments.ts";
import { runEndpointSlices } from "./endpoint-slices.ts";
import { watchExcuses } from "./excuse.ts";
import { unrest } from "./rest.ts";
import { isOurSlice, tidyStandby } from "./services.ts";
import { watchSlices } from "./slices.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);

const isRouted = (world: World, { metadata }: KubeObject): boolean =>
  all(world, ENDPOINT_SLICES)
    .filter(isOurSlice)
    .flatMap((slice) => viewSlice(slice, Number.POSITIVE_INFINITY).endpoints)
    .some((endpoint) => isReadyEndpoint(endpoint) && endpoint.targetRef?.uid === metadata.uid);

const remembered = (world: World, group: string): number => {
  const owner = all(world, SERVICES)
    .map(viewService)
    .find((service) => isOwner(service) && groupOfService(service) === group);
  const isMember = ({ metadata }: KubeObject): boolean =>
    owner !== undefined && selects({ matchLabels: owner.original }, metadata.labels);
  const pods = all(world, PODS).filter((pod) => pod.metadata.labels?.[ENROLMENT] === group || isMember(pod));
  const leases = all(world, LEASES).filter(
    ({ metadata: { labels } }) => labels?.[GROUP_LABEL] === group && labels[FEATURE_LABEL] === ROLES.feature,
  );
  return epochOn(STANDBY_WAY, { pods, leases });
};

export const STANDBY_WAY: Way = {
  names: ROLES,
  standard: STANDBY_STANDARD,
  metrics: STANDBY_METRICS,
  create: (context) => createStandby(context),
  events: [SERVICES],
  kinds: [SERVICES, ENDPOINT_SLICES],
  teamOf: ({ metadata }) => metadata.labels?.[ENROLMENT] ?? "",
  leads: (world, pod) => isLabelled(STANDBY_WAY, pod) || isRouted(world, pod),
  remembered,
  watch: (world) => {
    watchSlices(world);
    watchCutOvers(world);
    return watchExcuses(world);
  },
  actors: [runDeployments, runEndpointSlices],
  tidy: tidyStandby,
  calm: () => undefined,
  unrest,
  tellsOnce: true,
};
