/** `npm run source`: the local source as a command, for development against any cluster that a kubeconfig reaches. */
import { runSource } from "./command.ts";

await runSource(process.argv.slice(2), async (kubeconfig) => {
  // Costs 0.9 s of CPU time and 85 MiB, which `--help` and a wrong option need not.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeConfig = new KubeConfig();
  if (kubeconfig === undefined) kubeConfig.loadFromDefault();
  else kubeConfig.loadFromFile(kubeconfig);
  return kubeConfig;
});
