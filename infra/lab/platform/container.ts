/** A container as this machine runs it: with the environment that a kubelet would give it. */
import type { Pod } from "../kubelet-pod.ts";

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string }; readonly configMapKeyRef?: object };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly Variable[];
}

/** A pod with what is needed to run it. */
export interface RunnablePod extends Pod {
  readonly spec: Pod["spec"] & { readonly serviceAccountName?: string; readonly containers: readonly Container[] };
}

/** What the downward API tells a container, by field path; what is not there yet is left out. */
export type Fields = ReadonlyMap<string, string>;

export const fieldsOf = ({ metadata, spec, status }: RunnablePod): Fields => {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["metadata.name", metadata.name],
    ["metadata.namespace", metadata.namespace],
    ["metadata.uid", metadata.uid],
    ["spec.serviceAccountName", spec.serviceAccountName],
    ["spec.nodeName", spec.nodeName],
    ["status.podIP", status?.podIP],
  ];
  return new Map(fields.filter((field): field is [string, string] => field[1] !== undefined));
};

/**
 * References to ConfigMaps and Secrets are left out: those of Knative's own parts name images that the lab never runs.
 * @throws for a field that is not among `fields`.
 */
export const environmentOf = ({ name, env = [] }: Container, fields: Fields): Readonly<Record<string, string>> => {
  const resolved = env
    .filter(({ valueFrom }) => valueFrom === undefined || valueFrom.fieldRef !== undefined)
    .map((variable): readonly [string, string] => {
      const path = variable.valueFrom?.fieldRef?.fieldPath;
      const value = path === undefined ? (variable.value ?? "") : fields.get(path);
      if (value !== undefined) return [variable.name, value];
      throw new Error(
        `container ${name}: ${variable.name} refers to ${path}, which must be one of ${[...fields.keys()].join(", ")}`,
      );
    });
  return Object.fromEntries(resolved);
};
