/** Active/standby as a feature: one active pod behind an annotated Service. */
import type { FeatureContext } from "../kit/context.ts";
import type { Feature } from "../kit/feature.ts";
import { keyAfter, keyOf } from "../kit/keys.ts";
import { runPasses } from "../kit/outcome.ts";
import type { Standing } from "./decide.ts";
import { ROUTE_PREFIX, SERVICE_PREFIX } from "./keys.ts";
import { ROLES } from "./labels.ts";
import { lookAt } from "./look.ts";
import { createMemory, hintOf } from "./memory.ts";
import { forgetSeries } from "./metrics.ts";
import { passOnce } from "./pass.ts";
import type { RouteMode } from "./route-mode.ts";
import { createRouteMode } from "./route/route.ts";
import { createSaid } from "./said.ts";
import { sweepServices } from "./sweep.ts";

export const createStandby = (context: FeatureContext, route: RouteMode = createRouteMode()): Feature => {
  const memory = createMemory();
  const said = createSaid();
  const learn = (key: string, standing: Standing | undefined): void => {
    const known = memory.get(key);
    const oldest = standing?.owners[0].name;
    const [name = ""] = known?.services ?? [];
    if (known !== undefined && name !== oldest) forgetSeries(context, { namespace: known.namespace, name });
    if (standing !== undefined) {
      memory.remember(key, hintOf(standing));
      return;
    }
    memory.forget(key);
    said.forget(key);
  };
  return {
    name: ROLES.feature,
    groupsOf: (event) => {
      const inScope = context.namespaces.length === 0 || context.namespaces.includes(event.namespace);
      return inScope ? memory.concerned(event) : [];
    },
    run: (group, send) => {
      const io = { context, send };
      const routed = keyAfter(ROUTE_PREFIX, group);
      if (routed !== undefined) return route.run(io, routed);
      const seen = keyAfter(SERVICE_PREFIX, group);
      if (seen !== undefined) return lookAt(io, said, seen);
      const selector = memory.get(group)?.selector;
      return runPasses(() =>
        passOnce(io, keyOf(group), { selector, said, learn: (standing) => learn(group, standing) }),
      );
    },
    sweep: (send, found) => sweepServices({ context, send }, { memory, said, route }, found),
  };
};
