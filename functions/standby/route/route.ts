/**
 * Route mode of active/standby Services: traffic follows an EndpointSlice of ours that holds the active pod alone and is itself the record,
 * so that a fail-over is one write, and two active pods cannot be.
 */
import { keyText } from "../../kit/keys.ts";
import { runPasses } from "../../kit/outcome.ts";
import { isOfRouteMode } from "../keys.ts";
import type { RouteMode } from "../route-mode.ts";
import { createSaid, type Said } from "../said.ts";
import { passOnce } from "./pass.ts";
import { sweepRoutes } from "./sweep.ts";

/**
 * What `createStandby` takes as its `route`. A run that has to wait for the controllers answers `retry`, so that the reconciler asks again;
 * what outlasts that is found by the next sweep.
 */
export const createRouteMode = (): RouteMode => {
  const told = new Map<string, Said>();
  return {
    run: async (io, service) => {
      const key = keyText(service);
      const said = told.get(key) ?? createSaid();
      told.set(key, said);
      const outcome = await runPasses(() => passOnce(io, service, said));
      const isOver = outcome.kind === "done" && (outcome.reason === "ServiceGone" || outcome.reason === "NotRouted");
      if (isOver) told.delete(key);
      return outcome;
    },
    sweep: async (io, services) => {
      const before = [...told.keys()];
      const swept = await sweepRoutes(io, services);
      const known = new Set([...(await services).filter(isOfRouteMode), ...swept.runs].map((key) => keyText(key)));
      // That these have ended another instance may have seen.
      for (const key of before) if (!known.has(key)) told.delete(key);
      return swept;
    },
  };
};
