/**
 * Goal: the commands of docs/install.md, run as they stand there with the real kubectl, install the thing and take it away again: with all
 * labels and records, or without the labels, and nothing else left behind.
 */
import { setInterval as every, setTimeout as sleep } from "node:timers/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { findBinary } from "../../../infra/lab/binaries.ts";
import { runCommand } from "../../../infra/lab/command.ts";
import { startFunction, type FunctionInstance } from "../../../infra/lab/function.ts";
import { ADMIN } from "../../../infra/lab/identities.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { logToStderr } from "../../../infra/lab/progress.ts";
import { textOf } from "../../unit/infra/files.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const TICK_SECONDS = 1;
/** An instance that is to end goes on for so long, and is ticked meanwhile. */
const DRAIN_MS = 3_000;
/** Kubernetes takes its time to delete a namespace. */
const within = { timeout: 60_000, interval: 300 };
/** Every overlay has these commands; the labs of this file have neither Knative nor KEDA. */
const OF_OTHERS = /ksvc|scaledobjects/;
const OUR_PODS = "kubectl -n bellwether get pods -l app.kubernetes.io/component=function";

const ROLE_LABELS = ["sts-role", "node-role", "qoqo.dev/pod-designation"];

/** The commands below a heading, or below the words that begin a paragraph; lines that go on are part of the one before. */
const commandsBelow = (words: string): readonly string[] => {
  const [, below = ""] = textOf("docs/install.md").split(words);
  const block = /```console\n(?<lines>[\s\S]*?)```/.exec(below)?.groups?.["lines"] ?? "";
  return block
    .split(/^\$ /m)
    .map((command) => command.trim())
    .filter((command) => command !== "" && !OF_OTHERS.test(command));
};

describe("docs/install.md, on plain Kubernetes", () => {
  const stopping = stopAfterAll();
  let lab: Lab;
  let environment: Readonly<Record<string, string>> = {};
  let instance: FunctionInstance | undefined;
  const ending = new AbortController();

  const shell = (command: string): Promise<string> =>
    runCommand("bash", ["-euo", "pipefail", "-c", command], { cwd: ROOT, env: environment });

  /** Each when the one before is done; resolves to what they print. */
  const runAll = async (commands: readonly string[]): Promise<void> => {
    for (const command of commands) {
      // oxlint-disable-next-line no-await-in-loop
      await shell(command);
    }
  };

  const pods = async (): Promise<readonly KubeObject[]> =>
    (JSON.parse(await shell("kubectl get pods -o json")) as { readonly items: readonly KubeObject[] }).items;

  const annotations = async (name: string): Promise<readonly number[]> =>
    (await pods()).flatMap(({ metadata }) => {
      const text = metadata.annotations?.[name];
      return text === undefined ? [] : Number(text);
    });

  /** Names of objects of all kinds that have to do with us, but for those that whoever ran the commands keeps. */
  const remains = async (): Promise<string> => {
    const kinds =
      "crds,serviceaccounts,deployments,poddisruptionbudgets,namespaces,clusterroles,clusterrolebindings,leases,networkpolicies,endpointslices";
    const names = await shell(`kubectl get ${kinds} -A -o name`);
    return names
      .split("\n")
      .filter((name) => /bellwether|anukkrit|bb-noti/.test(name))
      .join("\n");
  };

  /** Installs a form, and has all three features lead. */
  const install = async (): Promise<void> => {
    await runAll(commandsBelow("## On plain Kubernetes\n").slice(0, 1));
    instance = await startFunction({ plane: lab.plane, env: { BELLWETHER_TICK_SECONDS: String(TICK_SECONDS) } });
    await runAll(commandsBelow("## The first writer\n").slice(0, 1));
    await runAll(["kubectl apply -f examples/active-standby.yaml", "kubectl apply -f examples/checker.yaml"]);
    // Nobody answers on the pods of a lab.
    await shell(`kubectl patch leaderstatuschecker queue --type merge -p '{"spec":{"localDev":true}}'`);
    const looks = [
      "kubectl get ssl db -o jsonpath={.status.writerPod}",
      "kubectl get leaderstatuscheckers queue -o jsonpath={.status.leaderNode}",
      "kubectl get service store -o jsonpath={.spec.selector.qoqo\\\\.dev/pod-designation}",
      "kubectl get endpointslice store-routed-bellwether-ipv4 --ignore-not-found -o name",
    ];
    const isLed = async (): Promise<readonly boolean[]> =>
      (await Promise.all(looks.map(shell))).map((seen) => seen.trim() !== "");
    await expect.poll(isLed, within).toEqual(looks.map(() => true));
  };

  const stop = async (): Promise<void> => {
    instance?.process.kill("SIGTERM");
    await instance?.process.exited;
    instance = undefined;
  };

  /**
   * From now on the instance is what runs in one of the function's pods, which ends only when the instance has: the resolved function waits
   * until somebody has asked the pod to end.
   */
  const runInPod = async (): Promise<() => Promise<void>> => {
    const name = await shell(`${OUR_PODS} -o jsonpath={.items[0].metadata.name}`);
    const asked = (): Promise<string> => shell(`${OUR_PODS} -o jsonpath={.items[*].metadata.deletionTimestamp}`);
    const hold = (finalizers: readonly string[] | null): Promise<string> =>
      shell(
        `kubectl -n bellwether patch pod ${name} --type merge -p '${JSON.stringify({ metadata: { finalizers } })}'`,
      );
    await hold(["test.example/runs"]);
    return async () => {
      await expect.poll(asked, within).not.toBe("");
      await sleep(DRAIN_MS);
      await stop();
      await hold(null);
    };
  };

  const roleLabels = async (): Promise<readonly string[]> =>
    (await pods()).flatMap(({ metadata }) =>
      Object.keys(metadata.labels ?? {}).filter((label) => ROLE_LABELS.includes(label)),
    );

  const tick = async (): Promise<void> => {
    const headers = {
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-source": "test",
      "ce-type": "dev.knative.sources.ping",
    };
    for await (const _ of every(TICK_SECONDS * 1000, undefined, { signal: ending.signal })) {
      if (instance !== undefined) void fetch(instance.url, { method: "POST", headers }).catch(() => undefined);
    }
  };

  beforeAll(async () => {
    lab = stopping(await startLab());
    const folder = path.dirname(await findBinary("kubectl", { log: logToStderr }));
    environment = {
      PATH: `${folder}${path.delimiter}${process.env["PATH"] ?? ""}`,
      KUBECONFIG: lab.plane.kubeconfig(ADMIN),
      HOME: lab.plane.dataDir,
    };
    // Every lab begins with the permissions of all forms.
    await shell("kubectl delete clusterroles,clusterrolebindings bellwether bellwether-sources bellwether-scaler");
    stopping({ stop: () => ending.abort() });
    void tick().catch(() => undefined);
  });

  it("installs, and leads in all three ways", async () => {
    await install();
    expect(new Set(await roleLabels())).toEqual(new Set(ROLE_LABELS));
  });

  it("uninstalls with all labels, records, finalizers and what was added to selectors", async () => {
    const commands = commandsBelow("**Labels go with it.**");
    const looks = commands.filter((command) => command.includes(" get "));
    expect(looks).toHaveLength(2);
    await runAll(commands.slice(0, 2));
    await expect.poll(async () => (await Promise.all(looks.map(shell))).join(""), within).toBe("");
    await runAll(commands.slice(-1));
    await expect.poll(remains, within).toBe("");
    expect(await roleLabels()).toEqual([]);
    const left = (await pods()).flatMap(({ metadata }) => Object.keys({ ...metadata.labels, ...metadata.annotations }));
    expect([...new Set(left)].filter((key) => /bellwether|anukkrit/.test(key)).toSorted()).toEqual(
      ["election", "roles", "standby"].flatMap((feature) =>
        ["epoch", "record"].map((what) => `bellwether.dev/${feature}.${what}`),
      ),
    );
    expect(await shell("kubectl get services -o jsonpath='{.items[*].spec.selector}'")).not.toContain("dev/");
    await stop();
  });

  it("installs anew, above the epochs that were left", async () => {
    const left = await annotations("bellwether.dev/election.epoch");
    await install();
    const [token = 0, ...others] = await annotations("bellwether.dev/election.token");
    expect(others).toEqual([]);
    expect(token).toBeGreaterThan(Math.max(...left));
    expect(new Set(await roleLabels())).toEqual(new Set(ROLE_LABELS));
  });

  it("takes one form away for another, and leaves who leads, locks and labels", async () => {
    const [away, roles, another, ...others] = commandsBelow("## From one form to another\n");
    expect([another, others]).toEqual([expect.stringContaining("kubectl apply -k infra/knative/"), []]);
    const before = await annotations("bellwether.dev/election.token");
    const ended = await runInPod();
    await Promise.all([runAll([away ?? "", roles ?? ""]), ended()]);
    expect(
      (await remains()).split("\n").filter((name) => !/^(?:lease|customresource|endpointslice)/.test(name)),
    ).toEqual(["clusterrole.rbac.authorization.k8s.io/bellwether-roles-tls"]);
    await install();
    expect(await annotations("bellwether.dev/election.token")).toEqual(before);
  });

  it("uninstalls and leaves the labels where they are", async () => {
    const commands = commandsBelow("**Labels stay**");
    const before = await roleLabels();
    expect(before.length).toBeGreaterThan(3);
    const ended = await runInPod();
    await Promise.all([runAll(commands), ended()]);
    expect((await roleLabels()).toSorted()).toEqual(before.toSorted());
    // What leads the annotated Service is its own, and goes with it.
    expect(await remains()).toBe("endpointslice.discovery.k8s.io/store-routed-bellwether-ipv4");
  });
});
