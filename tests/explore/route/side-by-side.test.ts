/**
 * The explored flow of route mode, written again in `instance.ts`, held against the shipped one (`load.ts`, `pass.ts` and `carry-out.ts`), whatever
 * comes in between.
 */
import { vi } from "vitest";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import {
  ENDPOINT_SLICES,
  EVENTS,
  getRequest,
  SERVICES,
  type KubeRequest,
} from "../../../functions/kit/kube/request.ts";
import { createStandby } from "../../../functions/standby/feature.ts";
import { routeKey } from "../../../functions/standby/keys.ts";
import { STANDBY_METRICS } from "../../../functions/standby/metrics.ts";
import type * as api from "../api.ts";
import { textOf } from "../hearing.ts";
import { STALE, testSideBySide } from "../comparison.ts";
import { disturbancesBy } from "../place.ts";
import { beside, contextOf, type Flow } from "../side-by-side.ts";
import { NO_ROUTE_FAULTS } from "./faults.ts";
import type { RouteLocal } from "./instance.ts";
import { routeProtocolOf } from "./protocol.ts";
import { NAMESPACE, nowOf, respond, SERVICE, SERVICE_UID, type RouteFaults, type RouteServer } from "./server.ts";
import { routeSystem } from "./system.ts";
import { ROUTE_VARIANTS, type RouteVariant } from "./variants.ts";

vi.mock("../api.ts", async (original) => {
  const { hearing } = await import("../hearing.ts");
  return hearing(await original<typeof api>());
});

const READS_THE_SERVICE = textOf(getRequest(SERVICES, NAMESPACE, SERVICE));

const FAULTS = Object.fromEntries(Object.keys(NO_ROUTE_FAULTS).map((kind) => [kind, 3])) as unknown as RouteFaults;

/**
 * By name the run finds slices without their label only, which nobody takes off here, and on the way back it looks in both families. The explored
 * one takes whatever it finds.
 */
const isLookByName = ({ verb, resource }: KubeRequest): boolean => verb === "get" && resource === ENDPOINT_SLICES;

const flowOf = (choice: number, variant: RouteVariant | undefined): Flow<RouteServer, RouteLocal> => {
  const group = { pods: 3, faults: FAULTS, clockMoves: choice % 4 > 1, families: 1 + (choice % 2) };
  return {
    system: routeSystem(routeProtocolOf(variant), group),
    run: ({ send, server, sleep }) => {
      const context = contextOf([...HANDOVER_METRICS, ...STANDBY_METRICS], () => nowOf(server()), sleep);
      return createStandby(context).run(routeKey({ namespace: NAMESPACE, name: SERVICE }), send);
    },
    waits: ["ControllersNotEmpty", "ControllersNotFilled"],
    // Events of Kubernetes tell what was done, and decide nothing.
    nameOf: (request) => (request.resource === EVENTS || isLookByName(request) ? undefined : textOf(request)),
    answer: (server, request) => (request.resource === EVENTS ? beside(server, {}) : respond(server, request)),
    silent: (text) => (text.startsWith("reads the Service again") ? READS_THE_SERVICE : undefined),
    isSkipped: (_local, text) => text.startsWith("looks for"),
    // They are numbers already.
    isCounted: (uid) => uid !== SERVICE_UID,
  };
};

/** Otherwise little of it was seen. */
const KINDS = ["patch services", "create endpointslices", "patch endpointslices", "delete endpointslices", STALE];

const others = disturbancesBy(["one", "other", "due", "fault"]);

testSideBySide({ flowBy: flowOf, others, kinds: KINDS, variants: ROUTE_VARIANTS });
