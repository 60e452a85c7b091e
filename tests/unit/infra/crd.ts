/** A CustomResourceDefinition of ours as tests read it: what it serves, which fields it has, and which objects it accepts. */
import { Ajv } from "ajv";
import type { Resource } from "../../../functions/kit/kube/request.ts";
import { manifestOf } from "./files.ts";

interface Schema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Version {
  readonly name: string;
  readonly subresources: object;
  readonly additionalPrinterColumns: readonly object[];
  readonly schema: { readonly openAPIV3Schema: Schema };
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: Readonly<Record<string, unknown>>;
    readonly versions: readonly Version[];
  };
}

export interface Crd {
  readonly spec: Definition["spec"];
  readonly version: Version | undefined;
  /** Of `spec` of an object. */
  readonly required: readonly string[] | undefined;
  /** Paths of all fields of `spec` and `status`, sorted. */
  readonly fields: readonly string[];
  /** What the schema says against an object; null: nothing. */
  readonly errorsOf: (object: unknown) => readonly object[] | null;
}

const fieldsOf = (path: string, { properties }: Schema): readonly string[] =>
  properties === undefined
    ? [path]
    : Object.entries(properties).flatMap(([name, inner]) => fieldsOf(`${path}.${name}`, inner));

export const readCrd = ({ plural, group }: Resource): Crd => {
  const { spec } = manifestOf("infra/crds", "CustomResourceDefinition", `${plural}.${group}`) as unknown as Definition;
  const [version] = spec.versions;
  const schema = version?.schema.openAPIV3Schema ?? {};
  const ajv = new Ajv({ strict: false, formats: { int32: true, int64: true, "date-time": true } });
  const validate = ajv.compile(schema);
  const parts = ["spec", "status"].flatMap((part) => {
    const inner = schema.properties?.[part];
    return inner === undefined ? [] : fieldsOf(part, inner);
  });
  return {
    spec,
    version,
    required: schema.properties?.["spec"]?.required,
    fields: parts.toSorted(),
    // `undefined` is no value of JSON.
    errorsOf: (object) => (validate(JSON.parse(JSON.stringify(object))) ? null : (validate.errors ?? [])),
  };
};
