/**
 * Whether somebody tells of each kind that the function acts on, from the namespaces that it serves, and of the objects that are led. What
 * nobody tells of is found by the next tick. The scaler of keda/push is not asked: what it watches is in its code.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  apiVersionOf,
  ENDPOINT_SLICES,
  PODS,
  SERVICES,
  STATEFUL_SETS,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { MODE_ANNOTATION } from "../../../functions/standby/labels.ts";
import type { Check } from "../check.ts";
import { argumentsOf, settingsOf } from "../environment.ts";
import { unknown, warning, type Finding } from "../finding.ts";
import { applyCommand, type Installation } from "../installation.ts";
import { ledSets, podLabelsOf } from "../led-sets.ts";
import { LED, NAMESPACE_LABEL } from "../resources.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";
import {
  isOf,
  namespacesOf,
  selectorOfText,
  sourceSpecOf,
  streamsOfApiServerSource,
  streamsOfSource,
  type Stream,
} from "../streams.ts";

const KINDS: readonly Resource[] = [PODS, STATEFUL_SETS, SERVICES, ENDPOINT_SLICES, LED.locks, LED.checkers];

const kindText = (resource: Resource): string => `${resource.kind} (${apiVersionOf(resource)})`;

/** Something whose changes matter, and its labels. */
interface Told {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const toldOf = (object: KubeObject): Told => ({ name: nameOf(object), labels: object.metadata.labels ?? {} });

const toldPods = (snapshot: Snapshot): readonly Told[] => {
  const { lockPods, checkerPods, standbyPods } = snapshot.led;
  const templates = ledSets(snapshot).map(({ set }) => ({
    name: `the pods of ${nameOf(set)}`,
    labels: podLabelsOf(set),
  }));
  return [...templates, ...[...lockPods, ...checkerPods, ...standbyPods].map(toldOf)];
};

const toldOfKind = (snapshot: Snapshot): ReadonlyMap<Resource, readonly Told[]> => {
  const { services, slices, locks, checkers } = snapshot.led;
  const annotated = services.filter(({ metadata }) => metadata.annotations?.[MODE_ANNOTATION] !== undefined);
  return new Map([
    [PODS, toldPods(snapshot)],
    [STATEFUL_SETS, ledSets(snapshot).map(({ set }) => toldOf(set))],
    [SERVICES, annotated.map(toldOf)],
    [ENDPOINT_SLICES, slices.map(toldOf)],
    [LED.locks, locks.map(toldOf)],
    [LED.checkers, checkers.map(toldOf)],
  ]);
};

/** What cannot be read counts as what lets everything through: it is told apart. */
const isTold = ({ selector }: Stream, { labels }: Told): boolean => selector === undefined || selects(selector, labels);

/** `namespace`: undefined: all of them. */
const isHeard = ({ namespaces }: Stream, namespace: string | undefined): boolean => {
  if (namespaces === undefined) return true;
  return namespace === undefined
    ? Object.keys(namespaces).length === 0
    : selects(namespaces, { [NAMESPACE_LABEL]: namespace });
};

interface View {
  readonly snapshot: Snapshot;
  readonly streams: readonly Stream[];
  /** Namespaces that the function serves; undefined: all of them. */
  readonly served: readonly (string | undefined)[];
  readonly about: Pick<Finding, "object" | "field" | "remedy">;
}

const streamsOfKind = ({ streams }: View, resource: Resource): readonly Stream[] =>
  streams.filter((stream) => isOf(stream, resource));

const missingKinds = (view: View): readonly Finding[] => {
  const missing = KINDS.filter((resource) => streamsOfKind(view, resource).length === 0);
  if (missing.length === 0) return [];
  const got = `nobody streams ${missing.map(kindText).join(", ")}`;
  return [warning({ ...view.about, got, accepted: KINDS.map(kindText).join(", ") })];
};

const missingNamespaces = (view: View): readonly Finding[] =>
  view.served.flatMap((namespace) => {
    const missing = KINDS.filter((resource) => {
      const streams = streamsOfKind(view, resource);
      return streams.length > 0 && !streams.some((stream) => isHeard(stream, namespace));
    });
    if (missing.length === 0) return [];
    const place = namespace === undefined ? "all namespaces" : `namespace ${namespace}`;
    return [
      warning({
        ...view.about,
        field: "ApiServerSource spec.namespaceSelector",
        got: `nobody streams ${missing.map(kindText).join(", ")} from ${place}, which the function serves`,
        accepted: namespace === undefined ? "{}" : `one that selects the namespace ${namespace}`,
      }),
    ];
  });

const missingObjects = (view: View): readonly Finding[] =>
  [...toldOfKind(view.snapshot)].flatMap(([resource, all]) => {
    const streams = streamsOfKind(view, resource);
    const left = all.filter((told) => streams.length > 0 && !streams.some((stream) => isTold(stream, told)));
    const [first] = left;
    if (first === undefined) return [];
    const more = left.length === 1 ? "" : `, and ${left.length - 1} more`;
    return [
      warning({
        ...view.about,
        got: `the selector for ${kindText(resource)} leaves out ${first.name}${more}`,
        accepted: `one that selects ${JSON.stringify(first.labels)}`,
      }),
    ];
  });

interface Narrowed {
  readonly owner?: object;
  readonly filters?: readonly object[];
}

const LOOK = "See for yourself that nothing is left out, or stream everything that the shipped sources do.";

const unreadableSource = (source: KubeObject): readonly Finding[] => {
  const { owner, filters } = (source.spec ?? {}) as Narrowed;
  const about = { object: nameOf(source), remedy: LOOK };
  const narrowed = Object.entries({ owner, filters }).filter(([, value]) => value !== undefined);
  const { namespaceSelector } = sourceSpecOf(source);
  return [
    ...narrowed.map(([field, value]) =>
      unknown({
        ...about,
        field: `spec.${field}`,
        got: `${JSON.stringify(value)}: which events pass is not looked at`,
        accepted: "absent",
      }),
    ),
    ...(namespacesOf(source) === undefined
      ? [
          unknown({
            ...about,
            field: "spec.namespaceSelector",
            got: `${JSON.stringify(namespaceSelector)}: labels of namespaces are not looked at`,
            accepted: `{}, or one of ${NAMESPACE_LABEL} alone`,
          }),
        ]
      : []),
  ];
};

const unreadableArguments = ({ source }: Installation): readonly Finding[] =>
  source === undefined
    ? []
    : argumentsOf(source, "--resource")
        .filter((text) => text.includes("?") && selectorOfText(text.split("?")[1] ?? "") === undefined)
        .map((text) =>
          unknown({
            object: nameOf(source.object),
            field: "--resource",
            got: `${text}: the doctor does not read this selector`,
            accepted: "key, !key, key=value and key!=value, separated by commas",
            remedy: LOOK,
          }),
        );

const servedBy = ({ fn }: Installation): View["served"] => {
  const settings = settingsOf(fn);
  return typeof settings === "string" || settings.namespaces.length === 0 ? [undefined] : settings.namespaces;
};

const viewOf = (snapshot: Snapshot, installation: Installation): View | undefined => {
  const { form, source } = installation;
  const remedy = `${applyCommand(installation)}; until then changes of these wait for the tick.`;
  const rest = { snapshot, served: servedBy(installation) };
  if (form === "standalone") {
    const streams = source && streamsOfSource(source);
    if (source === undefined || streams === undefined) return undefined;
    return { ...rest, streams, about: { object: nameOf(source.object), field: "--resource", remedy } };
  }
  const { apiServerSources } = snapshot.own;
  if (form === "keda/push" || apiServerSources.length === 0) return undefined;
  const about = { object: `Namespace ${snapshot.namespace}`, field: "ApiServerSource spec.resources", remedy };
  return { ...rest, streams: apiServerSources.flatMap(streamsOfApiServerSource), about };
};

export const streams: Check = {
  name: "streams",
  reads: [
    "apiServerSources",
    "deployments",
    "locks",
    "checkers",
    "services",
    "statefulSets",
    "lockPods",
    "checkerPods",
    "standbyPods",
    "slices",
    "BELLWETHER_NAMESPACES",
  ],
  fine: "every kind is streamed, from the namespaces that are served, with everything that is led",
  run: (snapshot, installation) => {
    const view = installation && viewOf(snapshot, installation);
    if (installation === undefined || view === undefined) return undefined;
    return [
      ...missingKinds(view),
      ...missingNamespaces(view),
      ...missingObjects(view),
      ...(installation.form === "standalone"
        ? unreadableArguments(installation)
        : snapshot.own.apiServerSources.flatMap(unreadableSource)),
    ];
  },
};
