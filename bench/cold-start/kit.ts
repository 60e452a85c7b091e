/**
 * The kit alone: our host, and a handler that lists pods and patches the first. What the function costs above it is the
 * features.
 */
import { listAll } from "../../functions/kit/kube/page.ts";
import { readConfig } from "../../functions/kit/host/config.ts";
import { runHost } from "../../functions/kit/host/run.ts";
import { createCredentials } from "../../functions/kit/kube/credentials.ts";
import { patchRequest, PODS } from "../../functions/kit/kube/request.ts";
import { createTransport } from "../../functions/kit/kube/transport.ts";

const healthy = (): { statusCode: number } => ({ statusCode: 200 });

const { send } = createTransport(createCredentials(readConfig(process.env).apiServer));

void runHost(
  {
    handle: async () => {
      const listing = await listAll(send, PODS, { namespace: "data", labelSelector: "app=db" });
      const first = listing.ok ? listing.items[0] : undefined;
      if (first !== undefined) {
        const patch = patchRequest(
          PODS,
          { namespace: "data", on: first.metadata },
          { metadata: { labels: { a: "b" } } },
        );
        if ((await send(patch)).status === 200) return undefined;
      }
      return { statusCode: 503, headers: { "content-type": "text/plain" }, body: "the stub API did not answer" };
    },
    init: async () => undefined,
    shutdown: async () => undefined,
    liveness: healthy,
    readiness: healthy,
    metrics: () => "",
  },
  process.env,
);
