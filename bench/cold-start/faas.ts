/** What a function for `kn func` is usually made of: faas-js-runtime and the official client, with the handler of `kit`. */
import { createRequire } from "node:module";
import { CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import type { start as startFaas } from "faas-js-runtime";

// Node.js does not find its named exports by `import`.
const { start } = createRequire(import.meta.url)("faas-js-runtime") as { start: typeof startFaas };

const config = new KubeConfig();
config.loadFromOptions({
  clusters: [
    {
      name: "stub",
      server: process.env["BELLWETHER_API_SERVER"] ?? "",
      caFile: process.env["BELLWETHER_CA_FILE"],
      skipTLSVerify: false,
    },
  ],
  users: [{ name: "nobody" }],
  contexts: [{ name: "stub", cluster: "stub", user: "nobody" }],
  currentContext: "stub",
});
const pods = config.makeApiClient(CoreV1Api);

const handle = async (): Promise<undefined> => {
  const { items } = await pods.listNamespacedPod({ namespace: "data", labelSelector: "app=db" });
  const name = items[0]?.metadata?.name ?? "";
  await pods.patchNamespacedPod(
    { name, namespace: "data", body: { metadata: { labels: { a: "b" } } } },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
};

void start({ handle }, { port: Number(process.env["PORT"]) });
