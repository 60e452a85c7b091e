/** Whether KEDA starts the function when there is work: a ScaledObject that is not paused, and asks whoever knows of it. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { problemOf } from "../../keda/scaler/metadata.ts";
import type { Check } from "../check.ts";
import { error, type Finding } from "../finding.ts";
import { applyCommand, FUNCTION, type Installation } from "../installation.ts";
import { routeProblem } from "../interceptor.ts";
import { OWN } from "../resources.ts";
import { portProblem, scalerListener, serviceProblem } from "../services.ts";
import { addressOf, findService, pushTriggersOf, type PushTrigger } from "../sinks.ts";
import { isServed, nameOf, unreadiness, type Snapshot } from "../snapshot.ts";

const PAUSED = [
  "autoscaling.keda.sh/paused",
  "autoscaling.keda.sh/paused-replicas",
  "autoscaling.keda.sh/paused-scale-out",
];

interface Scaled {
  readonly scaleTargetRef?: { readonly name?: string };
}

type Problem = string | undefined;

/** What is wrong with whom KEDA asks; undefined: it asks our scaler. */
const scalerProblem = ({ own }: Snapshot, { scaler }: Installation, metadata: PushTrigger): Problem => {
  // That there is no scaler is another form.
  if (scaler === undefined) return undefined;
  const { host, port, text } = addressOf(metadata);
  const service = findService(own.ownServices, host);
  if (service === undefined) return `${text} is no Service of this installation`;
  const problem = serviceProblem(service, port, scalerListener(scaler));
  return problem === undefined ? problemOf(metadata) : `${text}: ${problem}`;
};

/** What is wrong with whom KEDA asks; undefined: it asks the add-on, about a route that leads to the function. */
const addOnProblem = (snapshot: Snapshot, installation: Installation, metadata: PushTrigger): Problem => {
  const { own, sinks } = snapshot;
  const { host, port, text } = addressOf(metadata);
  const service = findService([...own.ownServices, ...sinks], host);
  if (service === undefined) return `${text}: there is no Service ${host.namespace}/${host.name}`;
  const missing = portProblem(service, port);
  if (missing !== undefined) return `${text}: ${missing}`;
  const { interceptorRoute: name } = metadata;
  const route = own.interceptorRoutes.find((candidate) => candidate.metadata.name === name);
  return route === undefined
    ? `there is no InterceptorRoute ${JSON.stringify(name ?? "")}, which metadata.interceptorRoute is to name`
    : routeProblem(snapshot, installation, route);
};

const ACCEPTED = {
  "keda/push": "type external-push, with the address of the scaler's Service and its port for gRPC",
  "keda/http": "type external-push, with the add-on's address and an interceptorRoute that leads to the function",
} as const;

const triggerFindings = (snapshot: Snapshot, installation: Installation, scaled: KubeObject): readonly Finding[] => {
  const isPush = installation.form === "keda/push";
  const problems = pushTriggersOf(scaled).map((metadata) =>
    (isPush ? scalerProblem : addOnProblem)(snapshot, installation, metadata),
  );
  // Others may be beside the one.
  if (problems.includes(undefined)) return [];
  const got = problems.length === 0 ? "none of type external-push" : problems.join("; ");
  return [
    error({
      object: nameOf(scaled),
      field: "spec.triggers",
      got: `${got}: nobody tells KEDA that there is work`,
      accepted: ACCEPTED[isPush ? "keda/push" : "keda/http"],
      remedy: applyCommand(installation),
    }),
  ];
};

const pausedFindings = ({ metadata }: KubeObject, object: string): readonly Finding[] =>
  PAUSED.filter((annotation) => metadata.annotations?.[annotation] !== undefined).map((annotation) =>
    error({
      object,
      field: `annotation ${annotation}`,
      got: JSON.stringify(metadata.annotations?.[annotation]),
      accepted: "absent: nobody is woken",
      remedy: `kubectl -n ${metadata.namespace ?? ""} annotate scaledobject ${metadata.name} ${annotation}-`,
    }),
  );

const findingsOf = (snapshot: Snapshot, installation: Installation): readonly Finding[] => {
  const { own, namespace } = snapshot;
  const scaled = own.scaledObjects.find(({ spec }) => ((spec ?? {}) as Scaled).scaleTargetRef?.name === FUNCTION);
  if (scaled === undefined) {
    const told = { field: "ScaledObject", got: `none with scaleTargetRef to Deployment ${FUNCTION}`, accepted: "one" };
    return [error({ object: `Namespace ${namespace}`, ...told, remedy: applyCommand(installation) })];
  }
  const object = nameOf(scaled);
  // One whose trigger is wrong is often not Ready for that reason: one finding, the one with the remedy.
  const wrong = triggerFindings(snapshot, installation, scaled);
  const reason = unreadiness(scaled);
  const unready =
    reason === undefined || wrong.length > 0
      ? []
      : [
          error({
            object,
            field: "status.conditions[Ready]",
            got: reason,
            accepted: "True",
            remedy: `kubectl -n ${namespace} describe scaledobject ${scaled.metadata.name}`,
          }),
        ];
  return [...wrong, ...unready, ...pausedFindings(scaled, object)];
};

export const scaling: Check = {
  name: "scaling",
  reads: ["scaledObjects", "ownServices", "interceptorRoutes", "sinks", "PORT", "BELLWETHER_SCALER_PORT"],
  fine: "KEDA starts the function when there is work",
  run: (snapshot, installation) => {
    const isScaled = installation?.form.startsWith("keda/") === true && isServed(snapshot, OWN.scaledObjects);
    return isScaled ? findingsOf(snapshot, installation) : undefined;
  },
};
