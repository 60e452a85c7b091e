/**
 * Every way in which the API server says no, as the Status body that it sends: reason, message, code and details.
 * Forms measured on kube-apiserver 1.36.3; the conformance script holds them.
 */
import type { KubeResponse, Resource } from "../../../functions/kit/kube/request.ts";
import { present } from "./json.ts";

/** Thrown inside the memory API and turned into its response by `handle`. */
export class Refusal extends Error {
  readonly response: KubeResponse;

  constructor(response: KubeResponse, message: string) {
    super(message);
    this.response = response;
  }
}

/** One entry of `details.causes`. */
export interface Problem {
  readonly field: string;
  readonly reason:
    | "FieldValueInvalid"
    | "FieldValueRequired"
    | "FieldValueForbidden"
    | "FieldValueNotSupported"
    | "FieldValueTypeInvalid"
    | "FieldValueTooLong"
    | "FieldValueTooMany";
  readonly message: string;
}

interface Refused {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: unknown;
  /** `metadata.continue` of an expired list. */
  readonly continueToken?: string;
}

export const statusBody = ({ code, reason, message, details, continueToken }: Refused): unknown =>
  present({
    kind: "Status",
    apiVersion: "v1",
    metadata: continueToken === undefined ? {} : { continue: continueToken },
    status: "Failure",
    message,
    reason,
    details,
    code,
  });

export const refuse = (refused: Refused): Refusal =>
  new Refusal({ status: refused.code, body: statusBody(refused) }, refused.message);

const qualified = (name: string, group: string): string => (group === "" ? name : `${name}.${group}`);

const aboutResource = ({ group, plural }: Resource, name: string): unknown =>
  present({
    name: name === "" ? undefined : name,
    group: group === "" ? undefined : group,
    kind: plural,
  });

const aboutKind = (group: string, kind: string, name: string): Readonly<Record<string, unknown>> =>
  present({
    name: name === "" ? undefined : name,
    group: group === "" ? undefined : group,
    kind: kind === "" ? undefined : kind,
  });

const label = ({ group, plural }: Resource, name: string): string => `${qualified(plural, group)} "${name}"`;

export const notFound = (resource: Resource, name: string): Refusal =>
  refuse({
    code: 404,
    reason: "NotFound",
    message: `${label(resource, name)} not found`,
    details: aboutResource(resource, name),
  });

export const noSuchPath = (): Refusal =>
  refuse({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });

export const methodNotAllowed = (): Refusal =>
  refuse({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {},
  });

export const alreadyExists = (resource: Resource, name: string): Refusal =>
  refuse({
    code: 409,
    reason: "AlreadyExists",
    message: `${label(resource, name)} already exists`,
    details: aboutResource(resource, name),
  });

const conflict = (what: string, why: string, details: unknown): Refusal =>
  refuse({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${what}: ${why}`,
    details,
  });

/** The object has another resourceVersion than the write was made for. */
export const modified = (resource: Resource, name: string): Refusal =>
  conflict(
    label(resource, name),
    "the object has been modified; please apply your changes to the latest version and try again",
    aboutResource(resource, name),
  );

/** A PUT whose body carries another uid than the object; `actual` is empty when there is no object. */
export const uidDiffers = (resource: Resource, key: string, given: string, actual: string): Refusal => {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const folder = resource.group.includes(".") && !resource.group.endsWith(".k8s.io") ? `${resource.group}/` : "";
  const why = `StorageError: invalid object, Code: 4, Key: /registry/${folder}${resource.plural}/${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${given}, UID in object meta: ${actual}`;
  return conflict(label(resource, name), why, aboutResource(resource, name));
};

/** A condition of a DELETE does not hold. */
export const preconditionFailed = ({ group, kind }: Resource, name: string, why: string): Refusal =>
  conflict(`${qualified(kind, group)} "${name}"`, why, aboutKind(group, kind, name));

export const alreadyBound = (name: string, why: string): Refusal =>
  conflict(`pods/binding "${name}"`, why, { name, kind: "pods/binding" });

export const badRequest = (message: string): Refusal => refuse({ code: 400, reason: "BadRequest", message });

export const unsupportedMedia = (accepted: readonly string[]): Refusal =>
  refuse({
    code: 415,
    reason: "UnsupportedMediaType",
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  });

export const unsupportedPatch = (): Refusal =>
  refuse({
    code: 415,
    reason: "UnsupportedMediaType",
    message: "415: Unsupported Media Type",
    details: {},
  });

export const terminating = (resource: Resource, name: string, namespace: string): Refusal =>
  refuse({
    code: 403,
    reason: "Forbidden",
    message: `${label(resource, name)} is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    details: {
      ...aboutKind(resource.group, resource.plural, name),
      causes: [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    },
  });

/** A JSON patch that cannot be applied, a failed `test` among them. */
export const patchRejected = (): Refusal =>
  refuse({
    code: 422,
    reason: "Invalid",
    message: "the server rejected our request due to an error in our request",
    details: {},
  });

interface Invalid {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** 422 with one cause per problem. Core kinds call themselves `Pod`, others `Lease.coordination.k8s.io`. */
export const invalid = ({ group, kind, name }: Invalid, problems: readonly Problem[]): Refusal => {
  const texts = [...new Set(problems.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)))];
  const text = texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
  return refuse({
    code: 422,
    reason: "Invalid",
    message: `${qualified(kind, group)} "${name}" is invalid: ${text}`,
    details: {
      ...aboutKind(group, kind, name),
      causes: problems.map(({ field, reason, message }) => ({ reason, message, field })),
    },
  });
};

/** An update that has to name its resourceVersion and does not. */
export const versionRequired = ({ group, plural }: Resource, name: string): Refusal =>
  invalid({ group, kind: plural, name }, [
    {
      field: "metadata.resourceVersion",
      reason: "FieldValueInvalid",
      message: "Invalid value: 0: must be specified for an update",
    },
  ]);

export const expired = (message: string, continueToken?: string): Refusal =>
  refuse({
    code: 410,
    reason: "Expired",
    message,
    ...(continueToken === undefined ? {} : { continueToken }),
  });
