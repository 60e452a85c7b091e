/** What a cluster says of something that does not come, for whoever reads the failure: when the tests are over it is gone. */
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { poll, type PollOptions } from "../../../../infra/lab/poll.ts";
import { kubectlOn } from "./kubectl-on.ts";
import { FUNCTION_NAMESPACE } from "./namespaces.ts";

const QUESTIONS: readonly string[] = [
  "get statefulsetlocks,leases -A -o yaml --show-managed-fields",
  `get scaledobjects -n ${FUNCTION_NAMESPACE} -o yaml`,
  "get nodes -o jsonpath={.items[*]['spec.taints','status.conditions']}",
  "get deployments,pods,namespaces -A",
  `get events -n ${FUNCTION_NAMESPACE} --sort-by=.metadata.creationTimestamp`,
  `logs -n ${FUNCTION_NAMESPACE} -l app.kubernetes.io/name=bellwether --all-containers --prefix --tail=100`,
  "logs -n keda -l app=keda-operator --tail=100",
];

/** One text; what cannot be asked says why. */
const evidence = async (node: ClusterNode): Promise<string> => {
  const answers = QUESTIONS.map(async (question) => {
    const answer = await kubectlOn(node, ...question.split(" ")).catch(String);
    return `$ kubectl ${question}\n${answer}`;
  });
  return (await Promise.all(answers)).join("\n");
};

/** Resolves once it is true. @throws when the deadline passes, and then all that the cluster says is told, too. */
export const until = async (node: ClusterNode, isTrue: () => Promise<boolean>, options: PollOptions): Promise<true> => {
  try {
    return await poll(async () => ((await isTrue()) ? true : undefined), options);
  } catch (error) {
    process.stderr.write(`${String(error)}\n${await evidence(node)}\n`);
    throw error;
  }
};
