/** Label mode as a system to explore: a Service that is about to be cut over, or is, with its group; S1, S3, S4 of the hand-over, and G. */
import { enrolmentLabel } from "../../../functions/kit/handover/names.ts";
import { ORIGINAL_ANNOTATION, ROLES } from "../../../functions/standby/labels.ts";
import { groupOf, isExtended, isNarrowed } from "../../../functions/standby/model.ts";
import type { Group } from "../handover/faults.ts";
import { ableIn, holderOf, isLeader, isMember, judgeWrite, oneLeader, podsOf, restOf } from "../handover/invariants.ts";
import { IDLE, type Local } from "../handover/local.ts";
import { isReady, serverText } from "../handover/script.ts";
import { podOf, type Server } from "../handover/server.ts";
import { isBeyond } from "../handover/starts.ts";
import { outdated } from "../outdated.ts";
import type { Breach, System } from "../system.ts";
import { labelEventsOf } from "./instance.ts";
import type { LabelProtocol } from "./protocol.ts";
import { controllerTurns, labelFaultsOf, serviceOf, sightOf, startsOf, TEAMS, viewOf } from "./world.ts";

/** G: the end of a group takes the label off a pod to which a selector still leads, as it is or as the controller knows it. */
const judgeEnd = (before: Server, after: Server): readonly Breach[] => {
  const isLedTo = isNarrowed(viewOf(serviceOf(after))) || sightOf(after).narrowed;
  const isHandedOver = after.leases.some((lease) => lease !== undefined && (holderOf(lease) ?? "") !== "");
  if (!isLedTo || isHandedOver) return [];
  return podsOf(before)
    .filter((pod) => isLeader(ROLES, pod) && isReady(pod) && isMember(pod))
    .filter(({ metadata }) => {
      const now = podOf(after, metadata.uid);
      return now !== undefined && !isLeader(ROLES, now);
    })
    .map(({ metadata }) => ({
      invariant: "G",
      text: `${metadata.uid} is active for nobody any more, and the Service still leads to it alone`,
    }));
};

const leftOf = (server: Server, isOurs: (index: number) => boolean): string | undefined => {
  const index = server.leases.findIndex((lease, at) => lease !== undefined && !isOurs(at));
  if (index >= 0) return `the record of group ${index} is left`;
  const groups = new Set(TEAMS.filter((_, at) => !isOurs(at)).map(({ group }) => group));
  const enrolled = podsOf(server).find(({ metadata }) =>
    groups.has(metadata.labels?.[enrolmentLabel(ROLES.feature)] ?? ""),
  );
  return enrolled === undefined ? undefined : `${enrolled.metadata.uid} is still enrolled`;
};

/** L1: what is wrong with a Service at rest; undefined: nothing. */
const restProblem = (server: Server): string | undefined => {
  const service = serviceOf(server);
  const view = viewOf(service);
  const isServed = view.mode === "label";
  const own = TEAMS.findIndex(({ group }) => isServed && group === groupOf(view.original));
  const left = leftOf(server, (index) => index === own);
  if (left !== undefined) return `at rest, and ${left}`;
  const able = ableIn(server);
  if (isServed) {
    const problem = restOf(ROLES, { server, lease: server.leases[own] }, able);
    const isDone = able.length === 0 || isExtended(view);
    return problem ?? (isDone ? undefined : "at rest, and the Service does not ask for the active pod");
  }
  const active = podsOf(server).find((pod) => isLeader(ROLES, pod));
  if (active !== undefined) return `at rest without the annotation, and ${active.metadata.uid} is active`;
  const isRestored = !isNarrowed(view) && service.metadata.annotations?.[ORIGINAL_ANNOTATION] === undefined;
  return isRestored ? undefined : "at rest without the annotation, and the selector was not given back";
};

export const labelSystem = (protocol: LabelProtocol, group: Group): System<Server, Local> => ({
  idle: IDLE,
  outdate: outdated,
  starts: startsOf(group),
  events: (server, local) => labelEventsOf(protocol, server, local),
  faults: labelFaultsOf,
  dues: controllerTurns,
  judge: (before, after, by) => {
    if (by === "fault") return { server: after, breaches: oneLeader(ROLES, after) };
    if (by === "others") return { server: after, breaches: [] };
    const judged = judgeWrite(ROLES, before, after);
    return { ...judged, breaches: [...judged.breaches, ...judgeEnd(before, after)] };
  },
  restProblem,
  isBeyond,
  textOf: (server) =>
    `Service selects by ${Object.keys(viewOf(serviceOf(server)).selector).join(" and ")}; ${serverText(ROLES, server)}`,
});
