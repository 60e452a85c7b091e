/**
 * What fencing is for: a client that writes through the Service of the writer while one writer after the other is lost, and a store that checks the
 * token, beside the same store that does not.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { shuffled } from "../../../bench/statistics.ts";
import { ROLES } from "../../../functions/election/labels.ts";
import { tokenAnnotation } from "../../../functions/kit/handover/names.ts";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { succeed } from "../../../infra/lab/api.ts";
import { applyManifest } from "../../../infra/lab/manifests.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { brokenPromises, everyEntry, oldWrites, sharedTokens } from "./support/accounts.ts";
import { createCleanUp } from "./support/clean-up.ts";
import { startClient, type Client } from "./support/client.ts";
import { removeCutOff } from "./support/cut-off.ts";
import { failOver, KINDS, type FailOver } from "./support/fail-over.ts";
import type { ContainerFields } from "./support/group.ts";
import { openRegister, type Register } from "./support/register.ts";
import { outOfTurn, reignsIn } from "./support/reigns.ts";
import { figuresOf } from "./support/service-figures.ts";
import { openStage, type Stage } from "./support/stage.ts";

const NAMESPACE = "through-the-service";
/** Rounded up to whole rounds of all kinds. */
const wanted = Number(process.env["FAILOVERS"] ?? 10);

const openDeadlineMs = 300_000;
const closeDeadlineMs = 240_000;
/** On average. */
const failOverDeadlineMs = 30_000;

const containerFields = (registerUrl: string): ContainerFields => ({
  env: [
    { name: "REGISTER", value: registerUrl },
    { name: "POD_UID", valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } },
  ],
  readinessProbe: {
    httpGet: { port: "db", path: "/" },
    // So that a restarted container is not Ready again before its end was noticed, also on a slow machine.
    initialDelaySeconds: 5,
    periodSeconds: 1,
    timeoutSeconds: 1,
    failureThreshold: 1,
  },
  // As applications are told to: go on serving until all proxies have heard.
  lifecycle: { preStop: { sleep: { seconds: 2 } } },
});

/** Resolves to the URL of the Service that leads to the writer. */
const openService = async ({ node }: Stage): Promise<string> => {
  await applyManifest(node.api, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "db-writer", namespace: NAMESPACE },
    spec: {
      selector: { app: "db", [ROLES.roleLabel]: ROLES.leader },
      ports: [{ name: "db", port: 80, targetPort: "db" }],
    },
  });
  const path = `/api/v1/namespaces/${NAMESPACE}/services/db-writer`;
  const { spec } = await succeed<{ readonly spec: { readonly clusterIP: string } }>(node.api, "GET", path);
  return `http://${spec.clusterIP}`;
};

/** `<uid> <token>` of every pod that was seen with one. */
const tokensGiven = ({ observer }: Stage): ReadonlySet<string> =>
  new Set(
    observer.revisions.map(
      ({ object: { metadata } }) => `${metadata.uid} ${metadata.annotations?.[tokenAnnotation(ROLES.feature)]}`,
    ),
  );

describe.skipIf(inject("missing").length > 0)("writes through the Service of the writer", () => {
  const { defer, run: cleanUp } = createCleanUp();
  let register: Register;
  let stage: Stage;
  let client: Client;
  const failOvers: FailOver[] = [];

  beforeAll(async () => {
    await removeCutOff();
    register = await openRegister();
    defer(register.close);
    stage = await openStage("knative-warm", NAMESPACE, containerFields(register.url));
    defer(stage.close);
    client = startClient(await openService(stage));
    defer(client.stop);
    defer(removeCutOff);
  }, openDeadlineMs);

  afterAll(cleanUp, closeDeadlineMs);

  test(
    `go on after each of ${wanted} fail-overs: pods deleted, killed, frozen, not Ready, cut off`,
    async () => {
      while (failOvers.length < wanted) {
        // oxlint-disable-next-line no-await-in-loop
        for (const kind of shuffled(KINDS)) failOvers.push(await failOver(stage, register, kind));
      }
      await client.stop();
      process.stdout.write(`${figuresOf(failOvers, client.writes, register.books)}\n`);
      expect(failOvers.filter(({ hasGrown }) => !hasGrown)).toEqual([]);
    },
    Math.ceil(wanted / KINDS.length) * KINDS.length * failOverDeadlineMs,
  );

  test("are in the register if they were acknowledged, and are not if they were refused", () => {
    expect(client.writes.filter(({ outcome }) => outcome === "acknowledged").length).toBeGreaterThan(failOvers.length);
    expect(client.writes.filter(({ outcome }) => outcome === "refused").length).toBeGreaterThan(failOvers.length);
    expect(brokenPromises(client.writes, register.books)).toEqual([]);
  });

  test("carry a token that only the pod that sent them was ever given", () => {
    const given = tokensGiven(stage);
    expect(everyEntry(register.books).filter(({ pod, token }) => !given.has(`${pod} ${token}`))).toEqual([]);
    expect(sharedTokens(register.books)).toEqual([]);
  });

  test("of an old writer are never accepted with the check, and are without it", () => {
    const { checked, unchecked } = register.books;
    const reigns = reignsIn(stage.observer.revisions);
    expect(outOfTurn(checked, reigns)).toEqual([]);
    expect(oldWrites(checked)).toEqual([]);
    expect(checked.refused.length).toBeGreaterThan(0);
    expect(oldWrites(unchecked).length).toBeGreaterThan(0);
    expect(outOfTurn(unchecked, reigns).length).toBeGreaterThan(0);
  });

  test("never met two writers in everything that was observed", () => {
    const { revisions, gaps } = stage.observer;
    const verdict = judge(revisions, { ...ELECTION, gaps });
    expect(verdict.promotions).toBeGreaterThan(failOvers.length);
    expect([...verdict.violations, ...verdict.foreign, ...verdict.gaps], renderVerdict(verdict)).toEqual([]);
  });
});
