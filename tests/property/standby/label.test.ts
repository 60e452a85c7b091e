/**
 * Whatever people do to pods and Services, in whatever order, and wherever instances die: no group ever has two active pods, no write of ours
 * to a Service empties it, and two ticks after the last disturbance everything is as it should be and stays so.
 */
import { array, assert, asyncProperty, constantFrom, integer, oneof, record, tuple, type Arbitrary } from "fast-check";
import { expect, test } from "vitest";
import type { Feature } from "../../../functions/kit/feature.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, listOf, listRequest, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { MODE_ANNOTATION, ROLES } from "../../../functions/standby/labels.ts";
import {
  groupOf,
  groupOfService,
  isExtended,
  isOwner,
  viewService,
  type Selector,
} from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { addPod, addService, eventOf, setReady } from "../../unit/standby/cluster.ts";
import { createWorld, type World } from "../../unit/standby/world.ts";

const PODS_OF = ["a", "b", "c"] as const;
const SERVICES_OF = ["one", "two", "three"] as const;
const SELECTORS: readonly Selector[] = [{ app: "x" }, { app: "y" }, { tier: "x" }];
const LABELS: readonly Selector[] = [
  { app: "x", tier: "none" },
  { app: "y", tier: "none" },
  { app: "x", tier: "x" },
];

interface Scene {
  readonly world: World;
  readonly instances: readonly Feature[];
}

type Action = (scene: Scene) => unknown;

const exists = (world: World, resource: typeof PODS, name: string): boolean => world.get(resource, name) !== undefined;

const vanish = (world: World, pod: string): void => {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${pod}`;
  world.api.handle({ method: "DELETE", path, contentType: "application/json", body: { gracePeriodSeconds: 0 } });
};

const podActions = (act: (world: World, pod: string) => unknown): Arbitrary<Action> =>
  constantFrom(...PODS_OF).map(
    (pod) =>
      ({ world }: Scene) =>
        exists(world, PODS, pod) && act(world, pod),
  );

const serviceActions = (act: (world: World, service: string) => unknown): Arbitrary<Action> =>
  constantFrom(...SERVICES_OF).map(
    (service) =>
      ({ world }: Scene) =>
        exists(world, SERVICES, service) && act(world, service),
  );

const somePodAction: Arbitrary<Action> = oneof(
  podActions((world, pod) => setReady(world, pod, false)),
  podActions((world, pod) => setReady(world, pod, true)),
  podActions((world, pod) => world.remove(PODS, pod)),
  podActions(vanish),
  tuple(constantFrom(...PODS_OF), constantFrom(...LABELS)).map(
    ([pod, labels]): Action =>
      ({ world }) =>
        exists(world, PODS, pod) ? world.change(PODS, pod, { metadata: { labels } }) : addPod(world, pod, { labels }),
  ),
);

const someServiceAction: Arbitrary<Action> = oneof(
  tuple(constantFrom(...SERVICES_OF), constantFrom(...SELECTORS)).map(
    ([service, selector]): Action =>
      ({ world }) =>
        exists(world, SERVICES, service)
          ? world.change(SERVICES, service, { spec: { selector: { app: null, tier: null, ...selector } } })
          : addService(world, service, { selector }),
  ),
  serviceActions((world, service) => world.remove(SERVICES, service)),
  serviceActions((world, service) =>
    world.change(SERVICES, service, { spec: { selector: { [ROLES.roleLabel]: null } } }),
  ),
  tuple(constantFrom(...SERVICES_OF), constantFrom("active-standby", "active-standby", null, "off")).map(
    ([service, value]): Action =>
      ({ world }) =>
        exists(world, SERVICES, service) &&
        world.change(SERVICES, service, { metadata: { annotations: { [MODE_ANNOTATION]: value } } }),
  ),
);

/** The runs that the event of an object brings about; the instance dies after as many writes. */
const someRun: Arbitrary<Action> = record({
  instance: integer({ min: 0, max: 1 }),
  about: oneof(
    constantFrom(...PODS_OF).map((name) => ({ resource: PODS, name })),
    constantFrom(...SERVICES_OF).map((name) => ({ resource: SERVICES, name })),
  ),
  writes: integer({ min: 0, max: 12 }),
}).map(({ instance, about, writes }) => async ({ world, instances }: Scene) => {
  const [feature, object] = [instances[instance], world.get(about.resource, about.name)];
  if (feature === undefined || object === undefined) return;
  let left = writes;
  world.intercept(({ method }) => {
    if (left <= 0) return { status: 0, body: {} };
    if (method !== "GET") left -= 1;
    return undefined;
  });
  for (const key of feature.groupsOf(eventOf(about.resource, object))) {
    // oxlint-disable-next-line no-await-in-loop
    await world.run(key, feature);
  }
  world.intercept(undefined);
});

/** Both instances run the groups of a Service in step. */
const someRace: Arbitrary<Action> = constantFrom(...SERVICES_OF).map((name) => async ({ world, instances }: Scene) => {
  const object = world.get(SERVICES, name);
  if (object === undefined) return;
  const keys = instances.flatMap((feature) =>
    feature.groupsOf(eventOf(SERVICES, object)).map((key) => ({ feature, key })),
  );
  await world.clock.settle(Promise.all(keys.map(({ feature, key }) => feature.run(key, world.send))));
});

const someTick: Arbitrary<Action> = integer({ min: 0, max: 1 }).map(
  (instance) =>
    async ({ world, instances }: Scene) =>
      world.tick(instances[instance]),
);

const someTime: Arbitrary<Action> = integer({ min: 0, max: 4_000 }).map(
  (milliseconds) =>
    async ({ world }: Scene) =>
      world.clock.advance(milliseconds),
);

const someActions = array(
  oneof(somePodAction, someServiceAction, someServiceAction, someRun, someRun, someRace, someTick, someTime),
  {
    maxLength: 25,
    size: "max",
  },
);

interface RevisionOf {
  readonly type: string;
  readonly object: KubeObject;
}

interface Active {
  readonly name: string;
  readonly group: string;
  readonly labels: Selector;
}

const OURS: Selector = { [ROLES.roleLabel]: "", "bellwether.dev/standby": "" };

/** Broken promises, as they happen. Nobody but us writes the label here. */
const watch = (world: World): readonly string[] => {
  const broken: string[] = [];
  const active = new Map<string, Active>();
  /** Where each Service led before the revision. */
  const led = new Map<string, readonly string[]>();
  const existing = (): readonly string[] => SERVICES_OF.filter((service) => exists(world, SERVICES, service));
  const promoted = (one: Active): void => {
    const others = [...active.values()];
    const sibling = others.find(({ group }) => group === one.group);
    if (sibling !== undefined) broken.push(`${one.name} is active beside ${sibling.name}`);
    for (const service of existing()) {
      const { selector = {} } = world.routes(service).at(-1) ?? {};
      const isLedTo = ({ labels }: Active): boolean => selects({ matchLabels: selector }, labels);
      const isSecond = ROLES.roleLabel in selector && isLedTo(one) && others.some(isLedTo);
      if (isSecond) broken.push(`${service} leads to ${one.name}, too`);
    }
  };
  const onPod = ({ type, object: { metadata } }: RevisionOf): void => {
    const { uid, name, labels = {} } = metadata;
    const isActive = type !== "DELETED" && labels[ROLES.roleLabel] === ROLES.leader;
    const one = { name, labels, group: labels["bellwether.dev/standby"] ?? "" };
    const was = active.get(uid);
    if (isActive && was === undefined) promoted(one);
    if (!isActive && was !== undefined && type !== "DELETED") ended(was, labels);
    if (isActive) active.set(uid, one);
    else active.delete(uid);
  };
  /** By a write of ours: nobody else touches the label. A Service of the pod's own group is led nowhere between fence and promotion. */
  const ended = (one: Active, labels: Selector): void => {
    const isSame = Object.entries(one.labels).every(([key, value]) => key in OURS || labels[key] === value);
    for (const service of existing()) {
      const after = world.routes(service).at(-1);
      const { [ROLES.roleLabel]: _, ...original } = after?.selector ?? {};
      const isEmptied = led.get(service)?.includes(one.name) === true && after?.ready.length === 0;
      if (isSame && isEmptied && groupOf(original) !== one.group) broken.push(`${service} lost ${one.name}`);
    }
  };
  const onService = ({ type, object: { metadata } }: RevisionOf): void => {
    const [before, after] = world.routes(metadata.name).slice(-2);
    if (type === "DELETED" || before === undefined || after === undefined) return;
    const isNarrowed = ROLES.roleLabel in after.selector && !(ROLES.roleLabel in before.selector);
    const isEmptied = before.ready.length > 0 && after.ready.length === 0;
    if (isNarrowed && isEmptied) broken.push(`${metadata.name} was led nowhere`);
  };
  world.api.onRevision((revision) => {
    if (revision.resource.plural === PODS.plural) onPod(revision);
    if (revision.resource.plural === SERVICES.plural) onService(revision);
    for (const service of SERVICES_OF) led.set(service, world.routes(service).at(-1)?.ready ?? []);
  });
  return broken;
};

/** What is not as it should be when everything is at rest. */
const amiss = (world: World): readonly string[] => {
  const items = (resource: typeof PODS): ReturnType<typeof listOf>["items"] =>
    listOf(world.api.handle(listRequest(resource, { namespace: NAMESPACE }))).items;
  const [pods, leases] = [items(PODS), items(LEASES)];
  const services = items(SERVICES).map(viewService);
  const owners = services.filter(isOwner);
  const standing = new Set(owners.map(groupOfService));
  const strays = pods.filter(({ metadata }) => {
    const group = metadata.labels?.["bellwether.dev/standby"];
    return group !== undefined && !standing.has(group);
  });
  const unowned = leases.filter(({ metadata }) => !standing.has(metadata.labels?.["bellwether.dev/group"] ?? ""));
  const ends = services.filter(
    (service) => !isOwner(service) && (service.isKept || ROLES.roleLabel in service.selector),
  );
  const unserved = owners.filter((service) => {
    const labelled = pods.filter(
      ({ metadata }) =>
        metadata.labels?.[ROLES.roleLabel] === ROLES.leader &&
        selects({ matchLabels: service.original }, metadata.labels),
    );
    return isExtended(service) && labelled.length > 1;
  });
  return [
    ...strays.map(({ metadata }) => `${metadata.name} is enrolled where there is no Service`),
    ...unowned.map(({ metadata }) => `${metadata.name} is the record of no Service`),
    ...ends.map(({ name }) => `${name} was not restored`),
    ...unserved.map(({ name }) => `${name} leads to two`),
  ];
};

test("no two active pods, no Service led nowhere, and rest", async () => {
  await assert(
    asyncProperty(someActions, async (actions) => {
      const world = createWorld();
      const broken = watch(world);
      const scene = { world, instances: [world.feature, world.instance()] };
      addPod(world, "a", { labels: { app: "x", tier: "x" } });
      addPod(world, "b", { labels: { app: "x" } });
      addService(world, "one", { selector: { app: "x" } });
      for (const action of actions) {
        // oxlint-disable-next-line no-await-in-loop
        await action(scene);
      }
      expect(broken).toEqual([]);
      for (let tick = 0; tick < 4; tick += 1) {
        // oxlint-disable-next-line no-await-in-loop
        await world.tick();
      }
      expect(broken).toEqual([]);
      expect(amiss(world)).toEqual([]);
      world.forget();
      await world.tick();
      expect(world.requests.filter(({ method }) => method !== "GET")).toEqual([]);
    }),
    { numRuns: 200 },
  );
}, 120_000);
