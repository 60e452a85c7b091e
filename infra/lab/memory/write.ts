/** Creating and changing objects: what the client sent, made whole, judged, and stored if anything differs. */
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Call, Context, ObjectCall } from "./call.ts";
import { checkAddress, decodePatched, keyOfCall, objectIn } from "./call.ts";
import { complete } from "./defaults.ts";
import type { Fields } from "./json.ts";
import { copyJson, fieldsOf, listIn, mergePatch, omit, present, sameJson, textIn } from "./json.ts";
import { applyJsonPatch, REJECTED } from "./json-patch.ts";
import type { Kind } from "./kinds.ts";
import { NAMESPACES } from "./kinds.ts";
import { manageFields } from "./managed-fields.ts";
import { changedMeta, immutableProblems, metaProblems, newMeta, timeText } from "./metadata.ts";
import type { MemoryObject, Meta } from "./object.ts";
import { keyOf } from "./object.ts";
import * as refusal from "./refusal.ts";
import { builtInProblems } from "./rules.ts";
import { conform, validate } from "./schema.ts";

/** The object without what every kind has. */
const contentOf = (object: Fields): Fields => omit(object, "apiVersion", "kind", "metadata");

const whole = (object: Fields, kind: Kind, revision: number): MemoryObject => {
  const { apiVersion, kind: name, metadata } = object;
  const content =
    kind.custom === undefined
      ? complete(kind.kind, object, revision)
      : (conform(contentOf(object), kind.custom) as Fields);
  return { ...content, apiVersion, kind: name, metadata } as MemoryObject;
};

const contentProblems = (
  object: MemoryObject,
  before: MemoryObject | undefined,
  { kind, subresource }: Call,
): readonly refusal.Problem[] => {
  if (kind.custom === undefined) return subresource === undefined ? builtInProblems(object, before) : [];
  if (subresource === undefined)
    return validate(contentOf(object), kind.custom, { path: "", inBody: "", root: "<nil>" });
  const status = fieldsOf(fieldsOf(kind.custom["properties"])["status"]);
  return validate(object["status"] ?? {}, status, { path: "status", inBody: "", root: "status" });
};

const judge = (object: MemoryObject, problems: readonly refusal.Problem[], { kind }: Call): void => {
  if (problems.length > 0) {
    throw refusal.invalid({ group: groupInMessages(kind), kind: kind.kind, name: object.metadata.name }, problems);
  }
};

/** Events call themselves by their old name. */
const groupInMessages = ({ group, kind }: Kind): string => (kind === "Event" ? "" : group);

const signed = (object: MemoryObject, before: MemoryObject | undefined, call: Call, nowMs: number): MemoryObject => {
  const { writer, subresource } = call;
  const managedFields = manageFields(before, object, {
    manager: writer.manager,
    subresource,
    time: timeText(nowMs),
  });
  return { ...object, metadata: { ...object.metadata, managedFields } };
};

const checkNamespace = ({ store }: Context, call: Call, name: string): void => {
  if (!call.kind.namespaced) return;
  const namespace = call.namespace ?? "";
  const found = store.get(NAMESPACES, namespace);
  if (found === undefined) throw refusal.notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp !== undefined) throw refusal.terminating(call.kind, name, namespace);
};

const withoutForeignStatus = (given: Fields, { hasStatus, kind }: Kind): Fields => {
  if (kind === "Namespace")
    return { ...omit(given, "status"), metadata: labelledNamespace(fieldsOf(given["metadata"])) };
  return hasStatus ? omit(given, "status") : given;
};

const labelledNamespace = (metadata: Fields): Fields => ({
  ...metadata,
  labels: { ...fieldsOf(metadata["labels"]), "kubernetes.io/metadata.name": metadata["name"] },
});

const nameFor = (context: Context, metadata: Fields): string => {
  const prefix = textIn(metadata["generateName"]);
  return textIn(metadata["name"]) ?? (prefix === undefined ? "" : `${prefix}${context.suffix()}`);
};

const createFrom = (context: Context, call: Call, given: Fields): KubeResponse => {
  const { store } = context;
  const body = withoutForeignStatus(given, call.kind);
  const metadata = fieldsOf(body["metadata"]);
  const name = nameFor(context, metadata);
  checkNamespace(context, call, name);
  const birth = { name, namespace: call.namespace, uid: context.uid(), nowMs: context.now() };
  const object = whole({ ...body, metadata: newMeta(metadata, call.kind, birth) }, call.kind, store.revision());
  judge(
    object,
    [...metaProblems(object.metadata, call.kind, undefined), ...contentProblems(object, undefined, call)],
    call,
  );
  if (store.get(call.kind, keyOf(call.namespace, name)) !== undefined) throw refusal.alreadyExists(call.kind, name);
  return {
    status: 201,
    body: store.put(call.kind, signed(object, undefined, call, context.now()), call.writer),
  };
};

/** POST of a collection. @throws Refusal */
export const create = (context: Context, call: Call): KubeResponse => {
  const given = objectIn(call);
  const metadata = fieldsOf(given["metadata"]);
  checkAddress(metadata, call);
  if (textIn(metadata["resourceVersion"]) !== undefined) {
    throw refusal.refuse({
      code: 500,
      message: "resourceVersion should not be set on objects to be created",
    });
  }
  return createFrom(context, call, given);
};

/** What a write through this path may change; the rest stays as it is stored. */
const merged = (current: MemoryObject, given: Fields, { kind, subresource }: Call): Fields => {
  if (subresource === "status") return present({ ...current, status: given["status"] });
  if (subresource === "finalize") return { ...current, spec: given["spec"] };
  const kept = kind.kind === "Namespace" ? { ...given, spec: current["spec"] } : given;
  return kind.hasStatus ? present({ ...kept, status: current["status"] }) : kept;
};

const mergedMeta = (current: Meta, given: Fields, { kind, subresource }: Call): Meta => {
  if (subresource === undefined) return changedMeta(current, given);
  if (kind.custom !== undefined || subresource === "finalize") return current;
  return changedMeta(current, { ...given, ownerReferences: current.ownerReferences });
};

const generationOf = (current: MemoryObject, next: MemoryObject, { generation, hasStatus }: Kind): Partial<Meta> => {
  if (generation === "none") return {};
  const part = (object: MemoryObject): unknown => {
    if (generation === "spec") return object["spec"];
    const content = hasStatus ? omit(contentOf(object), "status") : contentOf(object);
    return generation === "content" ? content : { ...content, labels: object.metadata.labels };
  };
  const old = current.metadata.generation ?? 1;
  return { generation: sameJson(part(current), part(next)) ? old : old + 1 };
};

/** True when nothing holds a deleted object back any more. */
export const isFinished = ({ kind, metadata, ...content }: MemoryObject): boolean =>
  metadata.deletionTimestamp !== undefined &&
  (metadata.finalizers ?? []).length === 0 &&
  (metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  (kind !== "Namespace" || listIn(fieldsOf(content["spec"])["finalizers"]).length === 0);

/** False for writes of labels and annotations only, which then need no defaults and no validation of the rest. */
const touchesContent = (object: Fields, current: MemoryObject): boolean =>
  Object.keys(object).length !== Object.keys(current).length ||
  Object.entries(object).some(([name, member]) => name !== "metadata" && member !== current[name]);

const checkVersion = (current: MemoryObject, given: Fields, { kind, name }: ObjectCall): void => {
  const version = textIn(given["resourceVersion"]);
  if (version === undefined && !kind.updatesUnconditionally) throw refusal.versionRequired(kind, name);
  if (version !== undefined && !/^\d+$/.test(version)) {
    throw refusal.refuse({
      code: 500,
      message: `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    });
  }
  if (version !== undefined && version !== current.metadata.resourceVersion) throw refusal.modified(kind, name);
};

const replace = (context: Context, call: ObjectCall, current: MemoryObject, given: Fields): KubeResponse => {
  const { kind, writer } = call;
  const metadata = fieldsOf(given["metadata"]);
  checkVersion(current, metadata, call);
  const object = {
    ...merged(current, given, call),
    metadata: mergedMeta(current.metadata, metadata, call),
  };
  const touched = touchesContent(object, current);
  const next = touched
    ? whole(object, kind, Number(current.metadata.resourceVersion))
    : { ...current, metadata: object.metadata };
  const ignoresMetadata = kind.custom !== undefined && call.subresource === "status";
  judge(
    next,
    [
      ...(ignoresMetadata ? [] : immutableProblems(current.metadata, metadata)),
      ...metaProblems(next.metadata, kind, current.metadata),
      ...(touched ? contentProblems(next, current, call) : []),
    ],
    call,
  );
  if (sameJson(next, current)) return { status: 200, body: current };
  if (isFinished(next)) {
    context.store.remove(kind, current, writer);
    return { status: 200, body: next };
  }
  const grown = { ...next, metadata: { ...next.metadata, ...generationOf(current, next, kind) } };
  return {
    status: 200,
    body: context.store.put(kind, signed(grown, current, call, context.now()), writer),
  };
};

/** PUT of one object, which some kinds create when it is missing. @throws Refusal */
export const update = (context: Context, call: ObjectCall): KubeResponse => {
  const given = objectIn(call);
  const metadata = fieldsOf(given["metadata"]);
  checkAddress(metadata, call);
  const key = keyOfCall(call);
  const current = context.store.get(call.kind, key);
  if (current === undefined && !call.kind.createsOnUpdate) throw refusal.notFound(call.kind, call.name);
  const uid = textIn(metadata["uid"]);
  if (uid !== undefined && uid !== current?.metadata.uid) {
    throw refusal.uidDiffers(call.kind, key, uid, current?.metadata.uid ?? "");
  }
  return current === undefined ? createFrom(context, call, given) : replace(context, call, current, given);
};

const MERGE_PATCH = "application/merge-patch+json";
const JSON_PATCH = "application/json-patch+json";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";

const patched = (current: MemoryObject, { kind, request }: ObjectCall): Fields => {
  const type = request.contentType?.split(";")[0];
  if (type === STRATEGIC_PATCH && kind.custom !== undefined) {
    throw refusal.unsupportedMedia([JSON_PATCH, MERGE_PATCH, "application/apply-patch+yaml"]);
  }
  if (type !== MERGE_PATCH && type !== JSON_PATCH) throw refusal.unsupportedPatch();
  if (request.malformed !== undefined) throw refusal.badRequest("error decoding patch: unexpected end of JSON input");
  if (type === MERGE_PATCH) return fieldsOf(mergePatch(current, request.body));
  if (!Array.isArray(request.body)) {
    throw refusal.badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  }
  const result = applyJsonPatch(current, listIn(copyJson(request.body)));
  if (result === REJECTED) throw refusal.patchRejected();
  return fieldsOf(result);
};

/** PATCH of one object: JSON merge patch or JSON patch. @throws Refusal */
export const patch = (context: Context, call: ObjectCall): KubeResponse => {
  const current = context.store.get(call.kind, keyOfCall(call));
  if (current === undefined) throw refusal.notFound(call.kind, call.name);
  const given = decodePatched(patched(current, call), call.kind);
  checkAddress(fieldsOf(given["metadata"]), call);
  return replace(context, call, current, given);
};

const bindingFault = (target: Fields): string | undefined => {
  const kind = textIn(target["kind"]);
  const faults = [
    ...(kind === undefined || kind === "Node"
      ? []
      : [`target.kind: Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`]),
    ...(textIn(target["name"]) === undefined ? ["target.name: Required value"] : []),
  ];
  if (faults.length === 0) return undefined;
  return faults.length === 1 ? faults[0] : `[${faults.join(", ")}]`;
};

const scheduled = (status: Fields, nowMs: number): Fields => {
  const others = listIn(status["conditions"]).filter((condition) => fieldsOf(condition)["type"] !== "PodScheduled");
  const condition = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: timeText(nowMs) };
  return { ...status, conditions: [...others, condition] };
};

/** POST of pods/binding: sets spec.nodeName once, without a new generation. @throws Refusal */
export const bind = (context: Context, call: ObjectCall): KubeResponse => {
  const target = fieldsOf(fieldsOf(call.request.body)["target"]);
  const fault = bindingFault(target);
  if (fault !== undefined) throw refusal.refuse({ code: 500, message: fault });
  const pod = context.store.get(call.kind, keyOfCall(call));
  if (pod === undefined) throw refusal.notFound(call.kind, call.name);
  const spec = fieldsOf(pod["spec"]);
  const node = textIn(spec["nodeName"]);
  if (node !== undefined) {
    throw refusal.alreadyBound(call.name, `pod ${call.name} is already assigned to node ${JSON.stringify(node)}`);
  }
  const next = {
    ...pod,
    spec: { ...spec, nodeName: target["name"] },
    status: scheduled(fieldsOf(pod["status"]), context.now()),
  };
  context.store.put(call.kind, signed(next, pod, call, context.now()), call.writer);
  return {
    status: 201,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
  };
};
