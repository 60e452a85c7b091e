/**
 * Keeps the groups of the bare clients from our adapter: the function would else be told of them, on the same cores and at the moment in
 * which the bare client works. By a label, so that all the rest comes through one watch for all namespaces, as it is shipped.
 */
import { STATEFUL_SETS, listRequest } from "../../functions/kit/kube/request.ts";
import { succeed } from "../../infra/lab/api.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { addSets } from "./groups.ts";
import type { GroupName } from "./names.ts";

/** For `startServed`: everything but objects with the label of one of the groups. */
export const allBut = (groups: readonly GroupName[]): string =>
  `app notin (${groups.map(({ name }) => name).join(",")})`;

/** As `addSets`; pods have the label from their set, and the set gets it here. */
export const addSetsApart = async (lab: Lab, groups: readonly GroupName[]): Promise<void> => {
  await addSets(lab, groups);
  await Promise.all(
    groups.map(({ namespace, name }) => {
      const options = { body: { metadata: { labels: { app: name } } }, contentType: "application/merge-patch+json" };
      return succeed(lab.api, "PATCH", `${listRequest(STATEFUL_SETS, { namespace }).path}/${name}`, options);
    }),
  );
};
