/** Reads the cluster once: the installation first, then what it serves, then what its accounts may do there. */
import { join } from "node:path";
import type { KubeList, KubeObject } from "../../functions/kit/kube/object.ts";
import { apiVersionOf, getRequest, listRequest, SERVICES, type Resource } from "../../functions/kit/kube/request.ts";
import { readManifests } from "../lab/manifests.ts";
import type { Access, Answer } from "./access.ts";
import { settingsOf } from "./environment.ts";
import { installationOf } from "./installation.ts";
import { definitionPath, LABEL_SELECTORS, LED, OWN, PLATFORM, type LedName, type OwnName } from "./resources.ts";
import { neededPermissions } from "./permissions.ts";
import { sinkServices } from "./sinks.ts";
import { isServed, type Refused, type Review, type Snapshot } from "./snapshot.ts";

const NOT_FOUND = 404;
/** Calls that are under way at the same time. */
const PARALLEL_CALLS = 8;

const SHIPPED = readManifests(join(import.meta.dirname, "../crds"));

const CONFIG_NETWORK = "/api/v1/namespaces/knative-serving/configmaps/config-network";

/** In order, some at a time. */
const inTurn = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> => {
  const results: R[] = [];
  for (let index = 0; index < items.length; index += PARALLEL_CALLS) {
    // oxlint-disable-next-line no-await-in-loop -- not all at once
    results.push(...(await Promise.all(items.slice(index, index + PARALLEL_CALLS).map(work))));
  }
  return results;
};

/** Items of a list carry neither. */
const identified = (object: KubeObject, resource: Resource): KubeObject => ({
  ...object,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
});

interface Reader {
  readonly refused: Refused[];
  /** Undefined: there is none, or it cannot be read, which is then in `refused`. */
  one(path: string, about: Omit<Refused, "reason">): Promise<KubeObject | undefined>;
  list(
    name: OwnName | LedName,
    resource: Resource,
    where: { readonly namespace: string | undefined; readonly labelSelector?: string | undefined },
  ): Promise<readonly KubeObject[]>;
}

const createReader = ({ get }: Access, basics: Basics): Reader => {
  const refused: Refused[] = [];
  const bodyOf = async (path: string, about: Omit<Refused, "reason">): Promise<unknown> => {
    const answer: Answer = await get(path);
    if (answer.ok) return answer.body;
    if (answer.status !== NOT_FOUND) refused.push({ ...about, reason: answer.message });
    return undefined;
  };
  return {
    refused,
    one: async (path, about) => (await bodyOf(path, about)) as KubeObject | undefined,
    list: async (collection, resource, { namespace, labelSelector }) => {
      // Roles seldom name what the cluster does not have: the answer would be that it is forbidden.
      if (!isServed(basics, resource)) return [];
      const { path } = listRequest(resource, { namespace, labelSelector });
      const body = (await bodyOf(path, { collection, namespace })) as KubeList | undefined;
      return (body?.items ?? []).map((item) => identified(item, resource));
    },
  };
};

/** @throws when the server answers, but not with what every API server tells every caller. */
const mustRead = async (
  { get, server }: Access,
  path: string,
): Promise<{ readonly body: unknown; readonly at: number }> => {
  const answer = await get(path);
  if (answer.ok) return answer;
  throw new Error(`${server}: ${answer.message}`);
};

interface Groups {
  readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
}

type Basics = Pick<
  Snapshot,
  "version" | "now" | "groupVersions" | "shipped" | "definitions" | "hiddenDefinitions" | "ingressClass"
>;

interface Definitions {
  readonly definitions: readonly KubeObject[];
  readonly hiddenDefinitions: readonly string[];
}

/** They belong to the cluster, so administrators of a namespace may not read them: that alone shall not blind the doctor. */
const readDefinitions = async (access: Access): Promise<Definitions> => {
  const names = [...SHIPPED.map(({ metadata }) => metadata.name), ...Object.values(PLATFORM)];
  const answers = await inTurn(names, async (name) => ({ name, answer: await access.get(definitionPath(name)) }));
  return {
    definitions: answers.flatMap(({ answer }) => (answer.ok ? (answer.body as KubeObject) : [])),
    hiddenDefinitions: answers.flatMap(({ name, answer }) => (answer.ok || answer.status === NOT_FOUND ? [] : name)),
  };
};

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

/** Serving's default where it is not said. */
const ingressClassIn = ({ data }: ConfigMap): string =>
  data?.["ingress-class"] ?? "istio.ingress.networking.knative.dev";

const readBasics = async (access: Access): Promise<Basics> => {
  const [version, groups, network, definitions] = await Promise.all([
    mustRead(access, "/version"),
    mustRead(access, "/apis"),
    access.get(CONFIG_NETWORK),
    readDefinitions(access),
  ]);
  return {
    version: (version.body as { readonly gitVersion: string }).gitVersion,
    now: version.at,
    groupVersions: (groups.body as Groups).groups.flatMap(({ versions }) =>
      versions.map(({ groupVersion }) => groupVersion),
    ),
    shipped: SHIPPED,
    ...definitions,
    ingressClass: network.ok ? ingressClassIn(network.body as ConfigMap) : undefined,
  };
};

const readOwn = async (reader: Reader, namespace: string): Promise<Snapshot["own"]> => {
  const entries = Object.entries(OWN) as readonly (readonly [OwnName, Resource])[];
  const lists = await inTurn(
    entries,
    async ([name, resource]) => [name, await reader.list(name, resource, { namespace })] as const,
  );
  return Object.fromEntries(lists) as Snapshot["own"];
};

const readLed = async (reader: Reader, scopes: Scopes): Promise<Snapshot["led"]> => {
  const entries = Object.entries(LED) as readonly (readonly [LedName, Resource])[];
  const lists = await inTurn(entries, async ([name, resource]) => {
    const labelSelector = LABEL_SELECTORS[name];
    const found = await Promise.all(
      scopes.map((namespace) => reader.list(name, resource, { namespace, labelSelector })),
    );
    return [name, found.flat()] as const;
  });
  return Object.fromEntries(lists) as unknown as Snapshot["led"];
};

/** Namespaces; undefined: all of them. */
type Scopes = readonly (string | undefined)[];

const scopesOf = (snapshot: Snapshot): Scopes => {
  const installation = installationOf(snapshot);
  const settings = installation === undefined ? undefined : settingsOf(installation.fn);
  if (settings === undefined || typeof settings === "string" || settings.namespaces.length === 0) return [undefined];
  return [...new Set([...settings.namespaces, ...settings.rolesNamespaces])];
};

/** Whoever may not look everywhere learns nothing of this: it is about others' namespaces, and no part of the installation. */
const readStrays = async (access: Access, basics: Basics, scopes: Scopes): Promise<readonly KubeObject[]> => {
  if (scopes.includes(undefined)) return [];
  const elsewhere = createReader(access, basics);
  const lists = await Promise.all([
    elsewhere.list("locks", LED.locks, { namespace: undefined }),
    elsewhere.list("checkers", LED.checkers, { namespace: undefined }),
  ]);
  return lists.flat().filter(({ metadata }) => !scopes.includes(metadata.namespace));
};

const readSinks = async (reader: Reader, snapshot: Snapshot): Promise<readonly KubeObject[]> => {
  const found = await Promise.all(
    sinkServices(snapshot).map(({ namespace, name }) =>
      reader.one(getRequest(SERVICES, namespace, name).path, { collection: "sinks", namespace }),
    ),
  );
  return found.filter((service) => service !== undefined);
};

const EMPTY_LED = Object.fromEntries(Object.keys(LED).map((name) => [name, []])) as unknown as Snapshot["led"];

/** @throws when the server cannot be reached, or does not say who it is. */
export const readSnapshot = async (access: Access, namespace: string): Promise<Snapshot> => {
  const basics = await readBasics(access);
  const reader = createReader(access, basics);
  const own = await readOwn(reader, namespace);
  const { refused } = reader;
  const installed: Snapshot = {
    ...basics,
    namespace,
    own,
    led: EMPTY_LED,
    strays: [],
    sinks: [],
    reviews: [],
    refused,
  };
  const scopes = scopesOf(installed);
  const [led, strays, sinks] = await Promise.all([
    readLed(reader, scopes),
    readStrays(access, basics, scopes),
    readSinks(reader, installed),
  ]);
  const served: Snapshot = { ...installed, led, strays, sinks };
  const reviews = await inTurn(neededPermissions(served, scopes), async (needed): Promise<Review> => {
    const allowed = await access.may(needed.account, needed, needed.namespace);
    return { ...needed, allowed };
  });
  return { ...served, reviews };
};
