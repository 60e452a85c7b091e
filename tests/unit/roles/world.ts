/** The roles feature on the memory API, with applications whose answers a test decides. */
import type { Target } from "../../../functions/roles/ask/address.ts";
import type { AskOptions, LeaderAnswer, ServersAnswer, ServerView } from "../../../functions/roles/ask/ask.ts";
import { createRoles } from "../../../functions/roles/feature.ts";
import { CHECKERS, ROLES } from "../../../functions/roles/labels.ts";
import { ROLES_METRICS } from "../../../functions/roles/metrics.ts";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { addPod, addSet, countPods, createWorld, type StatusText, type World } from "../support/world.ts";

/** What the application in a pod says. */
export interface App {
  /** Undefined: it does not answer. */
  readonly leads: boolean | undefined;
  /** Whoever asks it waits for the whole deadline. */
  readonly hangs?: boolean;
  /** Answer to GetServers, by the names of the leaders that it sees; undefined: itself. */
  readonly sees?: readonly string[];
}

export interface Question {
  readonly method: "leaderStatus" | "servers";
  readonly targets: readonly Target[];
  readonly options: AskOptions;
}

export interface RolesWorld extends World {
  /** By the pod's name, or its DNS name up to the first dot. */
  readonly apps: Map<string, App>;
  readonly questions: readonly Question[];
  /** Called while pods are being asked. */
  whileAsking(action: (() => void) | undefined): void;
}

export interface RolesWorldOptions {
  readonly openNamespaces?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly mode?: "active" | "observe";
  readonly tickSeconds?: number;
}

const SILENT = { kind: "silent", why: "it refuses connections on this port" } as const;

const hostOf = (name: string): string => `10.0.0.${Number(/\d+$/.exec(name)?.[0] ?? 99) + 1}`;

const serversOf = (name: string, { leads, sees }: App): readonly ServerView[] =>
  (sees ?? (leads === true ? [name] : [])).map((id) => ({ id, rpcAddr: `${id}.db:8000`, isLeader: true }));

export const createRolesWorld = ({ openNamespaces = [], ...context }: RolesWorldOptions = {}): RolesWorld => {
  const apps = new Map<string, App>();
  const questions: Question[] = [];
  let action: (() => void) | undefined;
  const nameOf = ({ host }: Target): string =>
    [...apps.keys()].find((name) => hostOf(name) === host) ?? host.split(".")[0] ?? "";
  const appAt = (target: Target): App | undefined => (target.host === "" ? undefined : apps.get(nameOf(target)));
  const answers = async <Answer>(
    question: Question,
    say: (name: string, app: App) => Answer,
  ): Promise<readonly (Answer | typeof SILENT)[]> => {
    const { targets, options } = question;
    questions.push(question);
    action?.();
    if (targets.some((target) => appAt(target)?.hangs === true)) await world.clock.sleep(options.deadlineMs ?? 0);
    return targets.map((target) => {
      const app = appAt(target);
      return app?.leads === undefined ? SILENT : say(nameOf(target), app);
    });
  };
  const world = createWorld({
    roles: ROLES,
    metrics: ROLES_METRICS,
    create: (given) =>
      createRoles(
        { ...given, ...context },
        {
          asker: {
            leaderStatus: (targets, options = {}) =>
              answers<LeaderAnswer>({ method: "leaderStatus", targets, options }, (_name, { leads }) => ({
                kind: "answered",
                leads: leads === true,
              })),
            servers: (targets, options = {}) =>
              answers<ServersAnswer>({ method: "servers", targets, options }, (name, app) => ({
                kind: "answered",
                servers: serversOf(name, app),
              })),
          },
          clusterDomain: "cluster.local",
          openNamespaces,
          askingMs: 5_000,
        },
      ),
  });
  return {
    ...world,
    apps,
    questions,
    forget: () => {
      world.forget();
      questions.length = 0;
    },
    run: (checker = "db") => world.run(checker),
    whileAsking: (next) => {
      action = next;
    },
  };
};

/** A Ready pod of the set with an address and an application. */
export const addApp = (world: RolesWorld, name: string, app: App, options: Parameters<typeof addPod>[2] = {}): void => {
  addPod(world, name, options);
  world.change(PODS, name, { status: { podIP: hostOf(name) } }, "status");
  world.apps.set(name, app);
};

export const addChecker = (world: World, { name = "db", ...spec }: Readonly<Record<string, unknown>> = {}): void => {
  world.create(CHECKERS, {
    metadata: { name },
    spec: { statefulSetName: "db", namespace: "default", rpcPort: 8000, localDev: false, ...spec },
  });
};

/** A StatefulSet of three Ready pods with a checker; nothing has run yet. */
export const createRolesGroup = (
  leads: readonly (boolean | undefined)[] = [true, false, false],
  spec: Readonly<Record<string, unknown>> = {},
): RolesWorld => {
  const world = createRolesWorld();
  addSet(world);
  for (const [ordinal, says] of leads.entries()) addApp(world, `db-${ordinal}`, { leads: says });
  countPods(world, leads.length);
  addChecker(world, spec);
  return world;
};

/** The same at rest under the first that leads, nothing on record yet. */
export const createRolesAtRest = async (
  leads: readonly (boolean | undefined)[] = [true, false, false],
  spec: Readonly<Record<string, unknown>> = {},
): Promise<RolesWorld> => {
  const world = createRolesGroup(leads, spec);
  await world.run();
  world.forget();
  return world;
};

/** What the applications say from now on. */
export const say = (world: RolesWorld, leads: readonly (boolean | undefined)[]): void => {
  for (const [ordinal, says] of leads.entries()) world.apps.set(`db-${ordinal}`, { leads: says });
};

/** Roles of db-0, db-1, ... as one text: `leader follower -`. */
export const labels = (world: World, count = 3): string =>
  Array.from(
    { length: count },
    (_, ordinal) => world.get(PODS, `db-${ordinal}`)?.metadata.labels?.[ROLES.roleLabel] ?? "-",
  ).join(" ");

export interface CheckerText extends StatusText {
  readonly leaderNode?: string;
  readonly lastUpdated?: string;
  readonly observedGeneration?: number;
}

export const statusOf = (world: World, checker = "db"): CheckerText => world.get(CHECKERS, checker)?.status ?? {};

/** `True/Reason` of a condition; undefined when it is absent. */
export const conditionOf = (world: World, type: string, checker = "db"): string | undefined => {
  const found = statusOf(world, checker).conditions?.find((condition) => condition.type === type);
  return found === undefined ? undefined : `${found.status}/${found.reason}`;
};

export const messageOf = (world: World, type: string, checker = "db"): string | undefined =>
  statusOf(world, checker).conditions?.find((condition) => condition.type === type)?.message;

/** Name of the pod that the record names; "": nobody; undefined: there is no record. */
export const holderOf = (world: World, checker = "db"): string | undefined => {
  const lease = world.get(LEASES, `bellwether-roles-${world.get(CHECKERS, checker)?.metadata.uid ?? ""}`);
  return lease === undefined ? undefined : (lease.spec as { readonly holderIdentity?: string }).holderIdentity;
};

/** Verb, resource and name of each write, in their order. */
export const writes = (world: World): readonly string[] =>
  world.requests
    .filter(({ method }) => method !== "GET")
    .map(({ verb, resource, name, subresource }) =>
      [verb, resource.plural, name, subresource].filter((part) => part !== undefined).join(" "),
    );
