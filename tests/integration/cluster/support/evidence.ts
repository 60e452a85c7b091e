/** What a cluster says of a lock that does not end, for whoever reads the failure: when the tests are over it is gone. */
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { FUNCTION_NAMESPACE, kubectlOn } from "./function.ts";

const questionsAbout = (namespace: string): readonly string[] => [
  `get statefulsetlocks,leases -n ${namespace} -o yaml --show-managed-fields`,
  "get nodes -o jsonpath={.items[*]['spec.taints','status.conditions']}",
  "get deployments,pods -A",
  `get events -n ${FUNCTION_NAMESPACE} --sort-by=.metadata.creationTimestamp`,
  `logs -n ${FUNCTION_NAMESPACE} -l app.kubernetes.io/name=bellwether --all-containers --prefix --tail=100`,
  "logs -n keda -l app=keda-operator --tail=100 --ignore-errors",
];

/** One text; what cannot be asked says why. */
export const evidenceOf = async (node: ClusterNode, namespace: string): Promise<string> => {
  const answers = questionsAbout(namespace).map(async (question) => {
    const answer = await kubectlOn(node, ...question.split(" ")).catch(String);
    return `$ kubectl ${question}\n${answer}`;
  });
  return (await Promise.all(answers)).join("\n");
};
