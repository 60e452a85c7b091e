/** What the API server's strategies check in the built-in kinds beyond types, as far as this project writes them. */
import { selects } from "../../../functions/kit/selector.ts";
import type { Fields } from "./json.ts";
import { fieldsOf, listIn, omit, sameJson, textIn } from "./json.ts";
import { forbidden, invalidValue, qualifiedNameFaults, required, unsupported } from "./names.ts";
import type { MemoryObject } from "./object.ts";
import type { Problem } from "./refusal.ts";

type Rule = (object: MemoryObject, before: MemoryObject | undefined) => readonly Problem[];

const atLeast = (field: string, value: unknown, [bound, why]: readonly [number, string]): readonly Problem[] =>
  typeof value === "number" && value < bound ? [invalidValue(field, value, why)] : [];

const GREATER_THAN_ZERO = [1, "must be greater than 0"] as const;
const NOT_NEGATIVE = [0, "must be greater than or equal to 0"] as const;

const lease: Rule = (object) => {
  const spec = fieldsOf(object["spec"]);
  return [
    ...atLeast("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], GREATER_THAN_ZERO),
    ...atLeast("spec.leaseTransitions", spec["leaseTransitions"], NOT_NEGATIVE),
  ];
};

const containers = (spec: Fields, path: string): readonly Problem[] => {
  const all = listIn(spec["containers"]);
  if (all.length === 0) return [required(`${path}.containers`)];
  return all.flatMap((item, at) =>
    ["name", "image"]
      .filter((name) => textIn(fieldsOf(item)[name]) === undefined)
      .map((name) => required(`${path}.containers[${at}].${name}`)),
  );
};

const IMMUTABLE_POD =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

const fixedPodSpec = (object: MemoryObject): Fields => {
  const spec = fieldsOf(object["spec"]);
  return {
    ...omit(spec, "activeDeadlineSeconds", "tolerations"),
    containers: listIn(spec["containers"]).map((item) => omit(fieldsOf(item), "image")),
    initContainers: listIn(spec["initContainers"]).map((item) => omit(fieldsOf(item), "image")),
  };
};

const pod: Rule = (object, before) => {
  if (before !== undefined && before["spec"] === object["spec"]) return [];
  const problems = containers(fieldsOf(object["spec"]), "spec");
  if (before === undefined || sameJson(fixedPodSpec(before), fixedPodSpec(object))) return problems;
  return [...problems, forbidden("spec", IMMUTABLE_POD)];
};

const CHANGEABLE_SET_FIELDS = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;
const IMMUTABLE_SET =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

const fixedSetSpec = (set: MemoryObject): Fields => omit(fieldsOf(set["spec"]), ...CHANGEABLE_SET_FIELDS);

const statefulSet: Rule = (object, before) => {
  const spec = fieldsOf(object["spec"]);
  const template = fieldsOf(spec["template"]);
  const labels = fieldsOf(template["metadata"])["labels"];
  const problems: Problem[] = [...atLeast("spec.replicas", spec["replicas"], NOT_NEGATIVE)];
  if (spec["selector"] === undefined) problems.push(required("spec.selector"));
  const selector = fieldsOf(spec["selector"]);
  const matches = Object.keys(selector).length > 0 && selects(selector, fieldsOf(labels) as Record<string, string>);
  if (!matches) {
    problems.push(
      invalidValue("spec.template.metadata.labels", labels ?? null, "`selector` does not match template `labels`"),
    );
  }
  problems.push(...containers(fieldsOf(template["spec"]), "spec.template.spec"));
  if (before !== undefined && !sameJson(fixedSetSpec(before), fixedSetSpec(object)))
    problems.push(forbidden("spec", IMMUTABLE_SET));
  return problems;
};

const service: Rule = (object) => {
  const spec = fieldsOf(object["spec"]);
  const portless = spec["clusterIP"] === "None" || spec["type"] === "ExternalName";
  return portless || listIn(spec["ports"]).length > 0 ? [] : [required("spec.ports")];
};

const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"] as const;

const endpointSlice: Rule = (object, before) => {
  const type = object["addressType"];
  if (type === undefined || type === "") return [required("addressType")];
  if (before !== undefined && before["addressType"] !== type) {
    return [invalidValue("addressType", type, "field is immutable")];
  }
  return ADDRESS_TYPES.some((known) => known === type) ? [] : [unsupported("addressType", type, ADDRESS_TYPES)];
};

const EVENT_TEXT_LENGTH = 128;
const EVENT_NOTE_LENGTH = 1024;
const tooLong = (field: string, length: number): Problem =>
  invalidValue(field, "", `can have at most ${length} characters`);

const eventText = (object: MemoryObject, field: string): readonly Problem[] => {
  const value = textIn(object[field]);
  if (value === undefined) return [required(field)];
  return value.length > EVENT_TEXT_LENGTH ? [tooLong(field, EVENT_TEXT_LENGTH)] : [];
};

const newEvent = (object: MemoryObject): readonly Problem[] => {
  const controller = textIn(object["reportingController"]) ?? "";
  const note = textIn(object["note"]) ?? "";
  return [
    ...(controller === "" ? [required("reportingController")] : []),
    ...qualifiedNameFaults(controller).map((why) => invalidValue("reportingController", controller, why)),
    ...eventText(object, "reportingInstance"),
    ...eventText(object, "action"),
    ...eventText(object, "reason"),
    ...(note.length > EVENT_NOTE_LENGTH ? [tooLong("message", EVENT_NOTE_LENGTH)] : []),
  ];
};

/** Namespaces whose Events may regard objects that live in none. */
const CLUSTER_EVENTS: ReadonlySet<string | undefined> = new Set(["default", "kube-system"]);

const event: Rule = (object, before) => {
  if (before !== undefined) return [];
  const { namespace } = object.metadata;
  const regarded = textIn(fieldsOf(object["regarding"])["namespace"]);
  const timed = object["eventTime"] !== undefined;
  const matches = regarded === undefined ? CLUSTER_EVENTS.has(namespace) : timed || regarded === namespace;
  const type = textIn(object["type"]) ?? "";
  return [
    ...(matches ? [] : [invalidValue("involvedObject.namespace", regarded ?? "", "does not match event.namespace")]),
    ...(timed ? newEvent(object) : [required("eventTime")]),
    ...(type === "Normal" || type === "Warning" ? [] : [invalidValue("type", "", `has invalid value: ${type}`)]),
  ];
};

const RULES: Readonly<Record<string, Rule>> = {
  Lease: lease,
  Pod: pod,
  StatefulSet: statefulSet,
  Service: service,
  EndpointSlice: endpointSlice,
  Event: event,
};

/** What is wrong with an object of a built-in kind; `before` is its stored state, undefined when it is created. */
export const builtInProblems: Rule = (object, before) => RULES[object.kind]?.(object, before) ?? [];
