/** News as watches deliver them, and the judge of a world. */
import type { Change } from "../../../events/names.ts";
import { readConfig } from "../../../functions/kit/host/config.ts";
import { apiVersionOf, type Resource } from "../../../functions/kit/kube/request.ts";
import { createJudge, type Judge } from "../../../infra/keda/scaler/judge.ts";
import { eventOf, type News, type Watched } from "../../../infra/keda/scaler/news.ts";
import { NAMESPACE } from "../support/builders.ts";
import type { World } from "../support/world.ts";

export const podNews = (name: string, change: Change = "update", resourceVersion = "1"): News => ({
  kind: "change",
  change,
  object: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, resourceVersion },
  },
});

/** The judge that reads what the world's function reads. */
export const judgeOf = (
  { send, clock }: Pick<World, "send" | "clock">,
  environment: Readonly<Record<string, string>> = {},
): Judge => {
  const config = readConfig({
    BELLWETHER_API_SERVER: "http://127.0.0.1:1",
    BELLWETHER_TICK_SECONDS: "2",
    ...environment,
  });
  return createJudge({ config, send, clock });
};

export const sweepWith = ({ clock }: Pick<World, "clock">, judge: Judge): ReturnType<Judge["sweep"]> =>
  clock.settle(judge.sweep());

/** An object as it is now, told as that change. */
export const watched = (world: World, resource: Resource, name: string): Watched => {
  const object = world.get(resource, name);
  if (object === undefined) throw new Error(`${resource.kind} ${name} does not exist`);
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
};

/** What the judge makes of the change; undefined: it concerns nobody. */
export const verdictOf = (
  { clock }: World,
  judge: Judge,
  { object, change = "update" }: { readonly object: Watched; readonly change?: Change },
): Promise<boolean> | undefined => {
  const keys = judge.keysOf(eventOf(change, object));
  return keys.length === 0 ? undefined : clock.settle(judge.isWork(keys));
};
