/** Deleting: preconditions, the grace period of pods, finalizers and propagation, and what is answered to each. */
import type { KubeResponse } from "../../../functions/kit/kube/request.ts";
import type { Call, Context, ObjectCall } from "./call.ts";
import { keyOfCall } from "./call.ts";
import type { Fields } from "./json.ts";
import { fieldsOf, present, textIn } from "./json.ts";
import { timeText } from "./metadata.ts";
import { unsupported } from "./names.ts";
import type { MemoryObject, Meta } from "./object.ts";
import { invalid, notFound, preconditionFailed } from "./refusal.ts";
import { isFinished } from "./write.ts";

const MS_PER_SECOND = 1000;

interface DeleteOptions {
  readonly graceSeconds: number | undefined;
  readonly propagation: string | undefined;
  readonly preconditions: Fields;
}

const PROPAGATIONS = ["Foreground", "Background", "Orphan", "nil"] as const;
/** Finalizers by which the garbage collector is told what to do first. */
const PROPAGATION_FINALIZERS: Readonly<Record<string, string>> = {
  Orphan: "orphan",
  Foreground: "foregroundDeletion",
};

const optionsOf = ({ request, query }: Call): DeleteOptions => {
  const body = fieldsOf(request.body);
  const inQuery = query.get("gracePeriodSeconds");
  const grace = body["gracePeriodSeconds"] ?? (inQuery === null ? undefined : Number(inQuery));
  const propagation = textIn(body["propagationPolicy"]) ?? query.get("propagationPolicy") ?? undefined;
  if (propagation !== undefined && !PROPAGATIONS.slice(0, -1).some((known) => known === propagation)) {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions", name: "" }, [
      unsupported("propagationPolicy", propagation, PROPAGATIONS),
    ]);
  }
  return {
    graceSeconds: typeof grace === "number" ? grace : undefined,
    propagation,
    preconditions: fieldsOf(body["preconditions"]),
  };
};

const checkPreconditions = ({ metadata }: MemoryObject, wanted: Fields, { kind, name }: ObjectCall): void => {
  const [uid, version] = [textIn(wanted["uid"]), textIn(wanted["resourceVersion"])];
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw preconditionFailed(kind, name, why);
  }
  if (version !== undefined && version !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw preconditionFailed(kind, name, why);
  }
};

const FINISHED_PHASES: ReadonlySet<unknown> = new Set(["Succeeded", "Failed"]);

/** Seconds that a kubelet gets to stop the pod: none for one that no kubelet runs. */
const podGrace = (pod: MemoryObject, wanted: number | undefined): number => {
  const spec = fieldsOf(pod["spec"]);
  const runs = textIn(spec["nodeName"]) !== undefined && !FINISHED_PHASES.has(fieldsOf(pod["status"])["phase"]);
  const grace = wanted ?? Number(spec["terminationGracePeriodSeconds"]);
  if (!runs) return 0;
  return grace < 0 ? 1 : grace;
};

const marked = (
  object: MemoryObject,
  graceSeconds: number,
  finalizer: string | undefined,
  nowMs: number,
): MemoryObject => {
  const { metadata } = object;
  const first = metadata.deletionTimestamp === undefined;
  const finalizers = [...(metadata.finalizers ?? []), ...(finalizer === undefined ? [] : [finalizer])];
  const changes: Partial<Record<keyof Meta, unknown>> = {
    deletionTimestamp: timeText(nowMs + graceSeconds * MS_PER_SECOND),
    deletionGracePeriodSeconds: graceSeconds,
    finalizers: finalizers.length === 0 ? undefined : [...new Set(finalizers)],
    generation: metadata.generation === undefined || !first ? metadata.generation : metadata.generation + 1,
  };
  return { ...object, metadata: present({ ...metadata, ...changes }) as unknown as Meta };
};

const terminatingNamespace = (namespace: MemoryObject, nowMs: number): MemoryObject => ({
  ...namespace,
  metadata: { ...namespace.metadata, deletionTimestamp: timeText(nowMs) },
  status: { ...fieldsOf(namespace["status"]), phase: "Terminating" },
});

const removed = (object: MemoryObject, { kind, name }: ObjectCall): unknown =>
  kind.returnsDeleted
    ? object
    : {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: present({
          name,
          group: kind.group === "" ? undefined : kind.group,
          kind: kind.plural,
          uid: object.metadata.uid,
        }),
      };

/** A grace period may only become shorter. */
const shortened = (pod: MemoryObject, graceSeconds: number | undefined, nowMs: number): MemoryObject | undefined =>
  graceSeconds !== undefined && graceSeconds < (pod.metadata.deletionGracePeriodSeconds ?? 0)
    ? marked(pod, graceSeconds, undefined, nowMs)
    : undefined;

/** The object as it has to be stored before it may go; undefined when this request changes nothing about it. */
const condemned = (
  current: MemoryObject,
  call: Call,
  options: DeleteOptions,
  nowMs: number,
): MemoryObject | undefined => {
  const deleting = current.metadata.deletionTimestamp !== undefined;
  if (call.kind.kind === "Namespace") return deleting ? undefined : terminatingNamespace(current, nowMs);
  const finalizer = PROPAGATION_FINALIZERS[options.propagation ?? ""];
  if (call.kind.kind !== "Pod") return deleting ? undefined : marked(current, 0, finalizer, nowMs);
  if (!deleting) return marked(current, podGrace(current, options.graceSeconds), finalizer, nowMs);
  return shortened(current, options.graceSeconds, nowMs);
};

/** DELETE of one object. @throws Refusal */
export const remove = (context: Context, call: ObjectCall): KubeResponse => {
  const { store } = context;
  const options = optionsOf(call);
  const current = store.get(call.kind, keyOfCall(call));
  if (current === undefined) throw notFound(call.kind, call.name);
  checkPreconditions(current, options.preconditions, call);
  const next = condemned(current, call, options, context.now());
  if (next === undefined) return { status: 200, body: current };
  // A pod is always marked first, so that its watchers see the deletionTimestamp also when it goes at once.
  if (!isFinished(next)) return { status: 200, body: store.put(call.kind, next, call.writer) };
  const last = call.kind.kind === "Pod" ? store.put(call.kind, next, call.writer) : current;
  return { status: 200, body: removed(store.remove(call.kind, last, call.writer), call) };
};
