/** `npm run doctor`: looks at an installation, and says whether a fail-over would work now, and what stands in its way. */
import { KubeConfig } from "@kubernetes/client-node";
import { connect } from "./access.ts";
import { examine } from "./examine.ts";
import { EXIT_UNKNOWN, EXIT_WORKS, exitCodeOf } from "./finding.ts";
import { readCommand, USAGE, type Command } from "./options.ts";
import { readSnapshot } from "./read.ts";
import { reportJson, reportText } from "./report.ts";

const loadKubeConfig = ({ kubeconfig, context }: Command & { readonly kind: "examine" }): KubeConfig => {
  const kubeConfig = new KubeConfig();
  if (kubeconfig === undefined) kubeConfig.loadFromDefault();
  else kubeConfig.loadFromFile(kubeconfig);
  if (context === undefined) return kubeConfig;
  const names = kubeConfig.getContexts().map(({ name }) => name);
  if (!names.includes(context)) {
    throw new Error(`--context: got ${JSON.stringify(context)}, accepted is one of ${names.join(", ")}`);
  }
  kubeConfig.setCurrentContext(context);
  return kubeConfig;
};

const run = async (command: Command): Promise<number> => {
  if (command.kind === "help") {
    process.stdout.write(USAGE);
    return EXIT_WORKS;
  }
  const snapshot = await readSnapshot(connect(loadKubeConfig(command)), command.namespace);
  const findings = examine(snapshot);
  process.stdout.write(command.output === "json" ? reportJson(findings) : reportText(findings));
  return exitCodeOf(findings);
};

try {
  process.exitCode = await run(readCommand(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_UNKNOWN;
}
