/** Where what runs in a node does not become ready the reason is said, also where the API server is that reason. */
import { expect, test } from "vitest";
import type { Api } from "../../../infra/lab/api.ts";
import { everythingReady } from "../../../infra/lab/node/pods/ready.ts";

/** Its only Deployment is not ready; after so many answers it is gone. */
const dyingServer = (answers: number): Pick<Api, "call" | "close"> => {
  const deployment = { metadata: { name: "coredns", generation: 1 }, spec: { replicas: 1 }, status: {} };
  let answered = 0;
  return {
    call: async (_method, path) => {
      if (answered >= answers) throw new Error("connect ECONNREFUSED");
      answered += 1;
      const items = path.endsWith("deployments") ? [deployment] : [];
      return { status: 200, body: { items } as never };
    },
    close: () => undefined,
  };
};

test("a server that is gone is the reason, and what it said before is not forgotten", async () => {
  await expect(everythingReady(dyingServer(3))).rejects.toThrow(/ECONNREFUSED; not ready: coredns; .*ECONNREFUSED$/);
});

test("one that never answered is the reason", async () => {
  await expect(everythingReady(dyingServer(0))).rejects.toThrow(
    /^Error: connect ECONNREFUSED; not ready: nothing known/,
  );
});
