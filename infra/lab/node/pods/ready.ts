/** Waits until what was applied runs: each Deployment with its pods, each webhook with the certificate by which the API server trusts it. */
import { succeed, type Api } from "../../api.ts";
import { poll } from "../../poll.ts";

const readyDeadlineMs = 120_000;
const pollMs = 250;

interface Deployments {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly generation: number };
    readonly spec: { readonly replicas: number };
    readonly status: { readonly observedGeneration?: number; readonly readyReplicas?: number };
  }[];
}

interface WebhookConfigurations {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  }[];
}

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[];
    };
  }[];
}

/** Why containers do not run, for the error message. */
const troubles = async (api: Api): Promise<readonly string[]> => {
  const { items } = await succeed<Pods>(api, "GET", "/api/v1/pods");
  return items.flatMap(({ metadata, status: { containerStatuses = [] } }) =>
    containerStatuses.flatMap(({ state }) => (state?.waiting ? [`${metadata.name}: ${state.waiting.reason}`] : [])),
  );
};

const waitingDeployments = async (api: Api): Promise<readonly string[]> => {
  const { items } = await succeed<Deployments>(api, "GET", "/apis/apps/v1/deployments");
  return items
    .filter(
      ({ metadata, spec, status }) =>
        status.observedGeneration !== metadata.generation || (status.readyReplicas ?? 0) !== spec.replicas,
    )
    .map(({ metadata }) => metadata.name);
};

const waitingWebhooks = async (api: Api): Promise<readonly string[]> => {
  const root = "/apis/admissionregistration.k8s.io/v1";
  const lists = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"].map((plural) =>
    succeed<WebhookConfigurations>(api, "GET", `${root}/${plural}`),
  );
  return (await Promise.all(lists))
    .flatMap(({ items }) => items)
    .filter(({ webhooks }) => webhooks.some(({ clientConfig }) => clientConfig.caBundle === undefined))
    .map(({ metadata }) => metadata.name);
};

/** @throws after two minutes, naming what is not ready. */
export const everythingReady = async (api: Api): Promise<void> => {
  let waiting: readonly string[] = [];
  const isReady = async (): Promise<true | undefined> => {
    waiting = [...(await waitingDeployments(api)), ...(await waitingWebhooks(api))];
    return waiting.length === 0 ? true : undefined;
  };
  try {
    await poll(isReady, { what: "pods of the platform", everyMs: pollMs, deadlineMs: readyDeadlineMs });
  } catch (error) {
    const why = await troubles(api).catch((failure: unknown) => [String(failure)]);
    throw new Error(
      `${String(error)}; not ready: ${waiting.join(", ") || "nothing known"}; containers that wait: ${why.join(", ") || "none"}`,
      { cause: error },
    );
  }
};
