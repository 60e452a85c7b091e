/**
 * One script, run on the memory API and on a real API server, whose normalised answers must be equal. What is known to
 * differ is listed here with its reason, so that an unlisted difference fails and a listed one that has gone fails
 * too.
 */
import type { Answer, Client, Request } from "./conformance/client.ts";
import { collectionSteps } from "./conformance/collections.ts";
import { leaseSteps } from "./conformance/leases.ts";
import { lockSteps } from "./conformance/locks.ts";
import type { Normalise } from "./conformance/normalise.ts";
import { createNormaliser } from "./conformance/normalise.ts";
import { podSteps } from "./conformance/pods.ts";
import type { Step, WatchStep } from "./conformance/step.ts";
import { createSeen, pathsIn, POST } from "./conformance/step.ts";
import { watchSteps } from "./conformance/watches.ts";
import { fieldsOf, isFields } from "./json.ts";

/** What one step gave, ready to be compared. */
export interface Outcome {
  readonly name: string;
  readonly got: unknown;
}

/** Steps that answer differently on the memory API, and why that is accepted. */
export const differences: Readonly<Record<string, string>> = {
  "merge patch, fixed field of the spec": "the real message ends with a diff of Go structs",
  "strategic merge patch": "only JSON merge patch and JSON patch are served",
  "apply patch": "only JSON merge patch and JSON patch are served",
  "DELETE of a collection": "objects are deleted one by one only",
  "pod with a probe": "probes, environment references and volumes get no defaults",
  "StatefulSet with an unknown field": "unknown fields are dropped in Leases, Events and custom resources only",
};

const PRINTED = "values in messages are printed in Go's notation";
const ONE_CAUSE = "a number out of its format has one cause, not two";
const NULL_TIME = "templates have a creationTimestamp of null";

/** Steps that the oldest Kubernetes that we support answers otherwise than the newest, which the memory API follows. */
export const differencesOfOldest: Readonly<Record<string, string>> = {
  "merge patch, deletionTimestamp": PRINTED,
  "Lease PUT without resourceVersion": PRINTED,
  "lock PUT without resourceVersion": PRINTED,
  "StatefulSet invalid": PRINTED,
  "StatefulSet selector": PRINTED,
  "ConfigMap with a bad owner": "the messages about its name and uid name the field once more",
  "lock, types": ONE_CAUSE,
  "lock, int32": ONE_CAUSE,
  "status patch, invalid": ONE_CAUSE,
  "StatefulSet created": NULL_TIME,
  "StatefulSet label": NULL_TIME,
  "StatefulSet partition": NULL_TIME,
  "StatefulSet status": NULL_TIME,
  "StatefulSet for Orphan": NULL_TIME,
  "StatefulSet DELETE with Orphan": NULL_TIME,
  "StatefulSet empty": "a template without containers is no cause of its own",
  "watch: without a resourceVersion": "no bookmark says that the objects that exist have all been sent",
};

const metadataOf = (body: unknown): ReturnType<typeof fieldsOf> => fieldsOf(fieldsOf(body)["metadata"]);

const beginning = async (client: Client, { path, from }: WatchStep): Promise<string> => {
  if (from === "nothing") return "";
  if (from !== "list") return `&resourceVersion=${from}`;
  const { body } = await client.send({ method: "GET", path });
  return `&resourceVersion=${String(metadataOf(body)["resourceVersion"])}`;
};

const watchOutcome = async (client: Client, step: WatchStep, normalise: Normalise): Promise<Outcome> => {
  const start = await beginning(client, step);
  const events = await client.watch(`${step.path}&watch=true${start}`);
  for (const request of step.requests) {
    // oxlint-disable-next-line no-await-in-loop -- the order of the requests is the order of the events
    await client.send(request);
  }
  const got: unknown[] = [];
  for await (const { type, object } of events) {
    // The real server fills the empty object of a bookmark with zero values.
    const shown =
      type === "BOOKMARK" && isFields(object)
        ? { metadata: { annotations: metadataOf(object)["annotations"] } }
        : object;
    got.push(normalise({ type, object: shown }));
    if (type === "ERROR" || (step.until !== undefined && metadataOf(object)["name"] === step.until)) break;
  }
  return { name: `watch: ${step.name}`, got };
};

/**
 * Sends the whole script into a new namespace of this name. `loseHistory` makes resourceVersion 1 too old to watch
 * from.
 */
export const runConformance = async (
  client: Client,
  { namespace, loseHistory }: { readonly namespace: string; readonly loseHistory: () => void },
): Promise<readonly Outcome[]> => {
  const normalise = createNormaliser(namespace);
  const paths = pathsIn(namespace);
  const answers = new Map<string, Answer>();
  const seen = createSeen(answers);
  const outcomes: Outcome[] = [];
  const run = async (name: string, request: Request, ignore?: readonly string[]): Promise<void> => {
    const answer = await client.send(request);
    answers.set(name, answer);
    outcomes.push({ name, got: { status: answer.status, body: normalise(answer.body, ignore) } });
  };
  const runAll = async (steps: readonly Step[]): Promise<void> => {
    for (const { name, request, ignore } of steps) {
      // oxlint-disable-next-line no-await-in-loop -- steps build on each other
      await run(name, typeof request === "function" ? request(seen) : request, ignore);
    }
  };
  await run("namespace created", POST("/api/v1/namespaces", { metadata: { name: namespace } }));
  await runAll([podSteps, leaseSteps, lockSteps].flatMap((part) => part(paths)));
  loseHistory();
  for (const step of watchSteps(paths)) {
    // oxlint-disable-next-line no-await-in-loop -- each watch has its own requests
    outcomes.push(await watchOutcome(client, step, normalise));
  }
  await runAll(collectionSteps(paths));
  return outcomes;
};
