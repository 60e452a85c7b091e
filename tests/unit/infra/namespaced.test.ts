/** That Roles in the served namespaces are enough: with BELLWETHER_NAMESPACES nothing is asked for elsewhere, nor cluster-wide. */
import { describe, expect, test } from "vitest";
import type { ObjectEvent } from "../../../events/types.ts";
import { createElection } from "../../../functions/election/feature.ts";
import { ROLES as ELECTION } from "../../../functions/election/labels.ts";
import { ELECTION_METRICS } from "../../../functions/election/metrics.ts";
import type { FeatureContext } from "../../../functions/kit/context.ts";
import type { Feature } from "../../../functions/kit/feature.ts";
import { createRoles } from "../../../functions/roles/feature.ts";
import { ROLES as REPORTED } from "../../../functions/roles/labels.ts";
import { ROLES_METRICS } from "../../../functions/roles/metrics.ts";
import { createStandby } from "../../../functions/standby/feature.ts";
import { ROLES as STANDBY } from "../../../functions/standby/labels.ts";
import { STANDBY_METRICS } from "../../../functions/standby/metrics.ts";
import { rehearsedAsker } from "../../../infra/keda/scaler/rehearse.ts";
import { createWorld } from "../support/world.ts";

const SERVED = ["data", "queue"];

const within = (create: (context: FeatureContext) => Feature) => (given: FeatureContext) =>
  create({ ...given, namespaces: SERVED });

const asking = { asker: rehearsedAsker, clusterDomain: "cluster.local", openNamespaces: [], askingMs: 1000 };

const FEATURES = [
  { roles: ELECTION, metrics: ELECTION_METRICS, create: within(createElection) },
  { roles: REPORTED, metrics: ROLES_METRICS, create: within((context) => createRoles(context, asking)) },
  { roles: STANDBY, metrics: STANDBY_METRICS, create: within((context) => createStandby(context)) },
];

const podEventIn = (namespace: string): ObjectEvent => ({
  type: "object",
  id: "1",
  source: "test",
  change: "add",
  apiVersion: "v1",
  kind: "Pod",
  namespace,
  name: "db-0",
  object: {
    metadata: {
      name: "db-0",
      namespace,
      uid: "u",
      resourceVersion: "1",
      ownerReferences: [{ kind: "StatefulSet", name: "db", uid: "s" }],
    },
  },
});

describe.each(FEATURES)("the feature $roles.feature", (subject) => {
  test("sweeps the served namespaces one by one, and no other", async () => {
    const world = createWorld(subject);
    const { outcome } = await world.sweep();
    expect(outcome.kind).toBe("swept");
    expect(new Set(world.requests.map(({ namespace }) => namespace))).toEqual(new Set(SERVED));
  });

  test("passes over events of other namespaces", () => {
    expect(createWorld(subject).feature.groupsOf(podEventIn("other"))).toEqual([]);
  });
});

test("an event of a served namespace is not passed over", () => {
  const [election = FEATURES[0]] = FEATURES;
  expect(createWorld(election).feature.groupsOf(podEventIn("data"))).toHaveLength(1);
});
