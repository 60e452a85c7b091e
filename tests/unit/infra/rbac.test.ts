/**
 * The permissions equal the requests. The function runs on the memory API through everything that it can do, and what it
 * sent is held against the shipped ClusterRole: a verb that is missing fails, and so does one that nothing needs.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { LOCKS } from "../../../functions/election/labels.ts";
import { CHECKERS, SECRETS } from "../../../functions/roles/labels.ts";
import { MODE_ANNOTATION } from "../../../functions/standby/labels.ts";
import {
  ENDPOINT_SLICES,
  EVENTS,
  LEASES,
  PODS,
  SERVICES,
  STATEFUL_SETS,
  type KubeRequest,
  type KubeResponse,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import { addLock, countPods, createGroup, setReady, type World } from "../support/world.ts";
import { readManifests } from "../../../infra/lab/manifests.ts";
import { createRolesAtRest, say } from "../roles/world.ts";
import { createGroup as createStandbyGroup } from "../standby/cluster.ts";
import { createScene } from "../standby/route-world.ts";
import { filesBelow, manifestOf, ROOT, textOf } from "./files.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** By the names that the code has for them. */
const RESOURCES: Readonly<Record<string, Resource>> = {
  PODS,
  STATEFUL_SETS,
  LEASES,
  EVENTS,
  LOCKS,
  CHECKERS,
  SECRETS,
  SERVICES,
  ENDPOINT_SLICES,
};

const permission = (verb: string, group: string, resource: string): string => `${verb} ${resource}.${group}`;

const granted = (name: string): readonly string[] => {
  const { rules } = manifestOf("infra/rbac", "ClusterRole", name) as unknown as { readonly rules: readonly Rule[] };
  return rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => permission(verb, group, resource))),
      ),
    )
    .toSorted();
};

const neededFor = ({ verb, resource, subresource }: KubeRequest): string =>
  permission(verb, resource.group, subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`);

const CONFLICT: KubeResponse = {
  status: 409,
  body: { kind: "Status", reason: "Conflict", code: 409, message: "raced" },
};

/** Answers the first patch of a pod as if somebody had been faster. */
const raceOnce = (world: World): void => {
  let raced = false;
  world.intercept((request) => {
    const isPatch = request.resource.plural === PODS.plural && request.verb === "patch";
    if (raced || !isPatch) return undefined;
    raced = true;
    return CONFLICT;
  });
};

/** Elects, races, fails over, renews, ends, and ends what a lock left behind that nobody saw go. */
const everything = async (): Promise<readonly KubeRequest[]> => {
  const world = createGroup();
  raceOnce(world);
  await world.run();
  world.intercept(undefined);
  setReady(world, "db-0", false);
  await world.run();
  await world.clock.advance(20_000);
  await world.sweep();
  const group = world.get(STATEFUL_SETS, "db")?.metadata.uid ?? "";
  world.remove(LOCKS, "db-lock");
  await world.run();
  addLock(world, { name: "second", leaseName: "second-lease" });
  await world.run("second");
  world.change(LOCKS, "second", { metadata: { finalizers: null } });
  world.remove(LOCKS, "second");
  countPods(world, 3);
  await world.clock.settle(world.feature.run(`orphan:default/${group}`, world.send));
  return [...world.requests, ...(await rolesToo()), ...(await standbyToo()), ...(await routeToo())];
};

/** Serves a checker, hands over, ends. */
const rolesToo = async (): Promise<readonly KubeRequest[]> => {
  const world = await createRolesAtRest();
  world.remove(LEASES, `bellwether-roles-${world.get(CHECKERS, "db")?.metadata.uid ?? ""}`);
  await world.run();
  say(world, [false, true, false]);
  await world.run();
  await world.sweep();
  world.remove(CHECKERS, "db");
  await world.run();
  return world.requests;
};

/** Leads a Service to its active pod, and back to all of them. */
const standbyToo = async (): Promise<readonly KubeRequest[]> => {
  const world = createStandbyGroup();
  await world.tick();
  world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: null } } });
  await world.tick();
  return world.requests;
};

/** The same by a slice. */
const routeToo = async (): Promise<readonly KubeRequest[]> => {
  const world = createScene();
  await world.run();
  world.control();
  await world.run();
  world.change(SERVICES, "db", { metadata: { annotations: { [MODE_ANNOTATION]: null } } });
  await world.run();
  world.control();
  await world.run();
  return world.requests;
};

let sent: readonly KubeRequest[] = [];
beforeAll(async () => {
  sent = await everything();
});

describe("the function's ClusterRole", () => {
  test("grants exactly what the function sends", () => {
    // Asked for by some distributions; nothing is sent to it.
    const restricted = permission("create", ENDPOINT_SLICES.group, `${ENDPOINT_SLICES.plural}/restricted`);
    expect([...new Set([...sent.map(neededFor), restricted])].toSorted()).toEqual(granted("bellwether"));
  });

  test("grants every call that the code spells out, also those on paths that no run above took", () => {
    const verbs: Readonly<Record<string, string>> = {
      getRequest: "get",
      readOne: "get",
      named: "get",
      listRequest: "list",
      listAll: "list",
      listScope: "list",
      createRequest: "create",
      patchRequest: "patch",
      addFinalizer: "patch",
      removeFinalizer: "patch",
      deleteRequest: "delete",
    };
    const call = new RegExp(
      `\\b(?<builder>${Object.keys(verbs).join("|")})\\(\\s*(?:io,\\s*|(?:\\w+\\.)?send,\\s*)?(?<resource>[A-Z_]+)\\b`,
      "g",
    );
    const spelled = filesBelow("functions", ".ts").flatMap((file) =>
      [...textOf(file).matchAll(call)].map(({ groups }) => {
        const resource = RESOURCES[groups?.["resource"] ?? ""];
        if (resource === undefined)
          throw new Error(`${file} speaks of ${groups?.["resource"] ?? ""}: add it to this test`);
        return permission(verbs[groups?.["builder"] ?? ""] ?? "", resource.group, resource.plural);
      }),
    );
    // Nearly all of the pairs are spelled out; a pattern that no longer matches the code would find none.
    expect(new Set(spelled).size).toBeGreaterThanOrEqual(9);
    const all = new Set([...granted("bellwether"), ...granted("bellwether-roles-tls")]);
    expect(spelled.filter((needed) => !all.has(needed))).toEqual([]);
  });

  test("leaves Secrets to a role of their own, which is bound to nobody", () => {
    expect(granted("bellwether-roles-tls")).toEqual(["get secrets."]);
    const bindings = readManifests(`${ROOT}/infra/rbac`).filter(({ kind }) => kind.endsWith("Binding"));
    const bound = bindings.map(({ roleRef }) => (roleRef as { readonly name: string }).name);
    expect(bound.toSorted()).toEqual(["bellwether", "bellwether-scaler", "bellwether-sources"]);
  });

  test("is given to the function's ServiceAccount and to nobody else", () => {
    expect(manifestOf("infra/rbac", "ClusterRoleBinding", "bellwether")).toMatchObject({
      roleRef: { kind: "ClusterRole", name: "bellwether" },
      subjects: [{ kind: "ServiceAccount", name: "bellwether", namespace: "bellwether" }],
    });
  });
});

describe("the sources' ClusterRole", () => {
  test("grants get, list and watch of what the ApiServerSources stream, and nothing else", () => {
    const groups: Readonly<Record<string, Resource>> = {
      Pod: PODS,
      Service: SERVICES,
      StatefulSet: STATEFUL_SETS,
      EndpointSlice: ENDPOINT_SLICES,
      StatefulSetLock: LOCKS,
      LeaderStatusChecker: CHECKERS,
    };
    const kinds = ["bellwether-objects", "bellwether-locks", "bellwether-checkers"].flatMap((name) => {
      const { spec } = manifestOf("infra/knative/sources", "ApiServerSource", name) as unknown as {
        readonly spec: { readonly resources: readonly { readonly kind: string }[] };
      };
      return spec.resources.map(({ kind }) => kind);
    });
    const needed = kinds.flatMap((kind) =>
      ["get", "list", "watch"].map((verb) => permission(verb, groups[kind]?.group ?? "", groups[kind]?.plural ?? kind)),
    );
    expect(granted("bellwether-sources")).toEqual(needed.toSorted());
  });
});

describe("the scaler's ClusterRole", () => {
  test("grants what the function reads, a watch of each kind that the scaler streams, and no write", () => {
    const streamed = /^const WATCHED: .* = \[(?<names>[A-Z_, ]+)\];$/m.exec(textOf("infra/keda/scaler/watch.ts"));
    const watched = (streamed?.groups?.["names"] ?? "").split(", ").map((name) => RESOURCES[name]);
    expect(watched.length).toBeGreaterThan(3);
    const reads = sent.filter(({ method, resource }) => method === "GET" && resource.plural !== SECRETS.plural);
    const needed = [
      ...reads.map(neededFor),
      ...watched.flatMap((resource) =>
        ["list", "watch"].map((verb) => permission(verb, resource?.group ?? "", resource?.plural ?? "unknown")),
      ),
    ];
    expect(granted("bellwether-scaler")).toEqual([...new Set(needed)].toSorted());
  });
});
