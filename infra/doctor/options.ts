/** The command line of `npm run doctor`, read into values or refused with the name of the field. */
import { parseArgs } from "node:util";

export const USAGE = `Usage: npm run doctor -- [OPTIONS]

Looks at an installation of Bellwether and at what it leads, and says what stands in the way of the next fail-over, and what to do about
it. It only reads; permissions of accounts are asked for by SubjectAccessReviews, which change nothing.

  --kubeconfig FILE     default: KUBECONFIG, ~/.kube/config, or the pod's service account
  --context NAME        default: the kubeconfig's current one
  --namespace NAME      of the installation; default: bellwether
  --output FORMAT       text (default) or json
  --help                this text

Exit code: 0 a fail-over would work now, 1 it would not, 2 nobody can say: bad input, no access, or something could not be looked at.
`;

export type Command =
  | { readonly kind: "help" }
  | {
      readonly kind: "examine";
      readonly kubeconfig: string | undefined;
      readonly context: string | undefined;
      readonly namespace: string;
      readonly output: "text" | "json";
    };

/** RFC 1123 label. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** @throws with field, what it got and what it accepts. */
export const readCommand = (args: readonly string[]): Command => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kubeconfig: { type: "string" },
      context: { type: "string" },
      namespace: { type: "string", default: "bellwether" },
      output: { type: "string", default: "text" },
      help: { type: "boolean", default: false },
    },
  });
  const { kubeconfig, context, namespace, output, help } = values;
  if (help) return { kind: "help" };
  if (!NAMESPACE.test(namespace)) {
    throw new Error(`--namespace: got ${JSON.stringify(namespace)}, accepted is the name of a namespace`);
  }
  if (output !== "text" && output !== "json") {
    throw new Error(`--output: got ${JSON.stringify(output)}, accepted is text or json`);
  }
  return { kind: "examine", kubeconfig, context, namespace, output };
};
