/** What one event costs on the way that most events go: CPU time without any API call, and how many calls there are. */
import { strangerEvent } from "../group.ts";
import type { Bench } from "../report.ts";
import { AS_SHIPPED } from "../shipped.ts";
import { setStage } from "../cold-start/variants.ts";
import { measureHostPath } from "./host-path.ts";
import { measureRequests } from "./requests.ts";

export const runEvent: Bench = async ({ runs }) => {
  const stage = await setStage();
  try {
    const { api } = stage;
    const { script, environment } = stage.begin("function");
    const hostPath = await measureHostPath({
      script,
      environment: { ...environment, ...AS_SHIPPED },
      event: strangerEvent(),
      runs,
    });
    api.reset();
    return [...hostPath, await measureRequests({ script, environment, api })];
  } finally {
    await stage.close();
  }
};
