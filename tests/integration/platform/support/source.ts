/** What the eventing controller says of our sources, and what it finds as their sink. */
import { succeed } from "../../../../infra/lab/api.ts";
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import type { Lab } from "../../../../infra/lab/lab.ts";
import { waitFor } from "../../support/fixture.ts";

export interface Source extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly namespaces?: readonly string[];
    readonly sinkUri?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

export type SourceKind = "apiserversources" | "pingsources";

/** Of the condition, on the present generation; undefined until the controller has looked. */
export const conditionOf = (
  { metadata, status }: Source,
  type: string,
): { readonly status: string; readonly message?: string } | undefined =>
  status?.observedGeneration === metadata.generation
    ? status?.conditions?.find((condition) => condition.type === type)
    : undefined;

/** Resolves to the sources once `count` are there and `until` holds for each. @throws after a minute, with what was last seen. */
export const waitForSources = (
  lab: Lab,
  kind: SourceKind,
  { count, until }: { readonly count: number; readonly until: (source: Source) => boolean },
): Promise<readonly Source[]> =>
  waitFor<Source>(lab, {
    path: `/apis/sources.knative.dev/v1/namespaces/bellwether/${kind}`,
    until: (sources) => sources.length === count && sources.every(until),
    deadlineMs: 60_000,
  });

export const isReady = (source: Source): boolean => conditionOf(source, "Ready")?.status === "True";

/** Says in place of Serving's controller where the Service can be reached. */
export const giveAddress = (lab: Lab, url: string): Promise<unknown> =>
  succeed(lab.api, "PATCH", "/apis/serving.knative.dev/v1/namespaces/bellwether/services/bellwether/status", {
    body: { status: { address: { url } } },
    contentType: "application/merge-patch+json",
  });
