/** The LISTs of a group. */
import { enrolmentLabel } from "../../../functions/kit/handover/names.ts";
import { recordSelector } from "../../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, listOf, listRequest, PODS, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import type { Protocol, Team } from "./protocol.ts";
import { respond, type Server } from "./server.ts";

/** Members, and enrolled pods whatever their other labels say. */
export const selectedRequest = ({ selector: labelSelector }: Team): KubeRequest =>
  listRequest(PODS, { namespace: NAMESPACE, labelSelector });

export const enrolledRequest = ({ names: { feature } }: Protocol, { group }: Team): KubeRequest =>
  listRequest(PODS, { namespace: NAMESPACE, labelSelector: `${enrolmentLabel(feature)}=${group}` });

export const recordsRequest = ({ names: { feature } }: Protocol, { group }: Team): KubeRequest =>
  listRequest(LEASES, { namespace: NAMESPACE, labelSelector: recordSelector(feature, group) });

export const itemsOf = (server: Server, request: KubeRequest): readonly KubeObject[] =>
  listOf(respond(server, request).response).items;
