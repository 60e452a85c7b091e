/** `npm run observe` as a user runs it, beside this product and beside a script that doubles a label. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { disagreement, waitForGroup, writersOf } from "../../../infra/lab/group.ts";
import { ADMIN } from "../../../infra/lab/identities.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import { lockIn, patch, podPath, podsReady } from "../support/objects.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { SCALE_BOUND_MS } from "../support/stage.ts";

const CLI = join(import.meta.dirname, "../../../infra/observe/cli.ts");
const OURS = "observed";
const THEIRS = "foreign";
const SAYS_MS = 20_000;

interface Run {
  /** Everything on standard output so far. */
  text(): string;
  /** Resolves once it contains the text. @throws after 20 s. */
  says(text: string): Promise<unknown>;
  /** The exit code, after Ctrl-C. */
  interrupt(): Promise<number | null>;
  readonly exitCode: Promise<number | null>;
}

const runCli = (...args: readonly string[]): Run => {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  // Only then everything was read.
  const exitCode = once(child, "close").then(([code]) => code as number | null);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  return {
    text: () => output,
    says: (text) =>
      poll(async () => (output.includes(text) ? true : undefined), {
        what: `${JSON.stringify(text)} in ${output}`,
        everyMs: 20,
        deadlineMs: SAYS_MS,
      }),
    interrupt: () => {
      child.kill("SIGINT");
      return exitCode;
    },
    exitCode,
  };
};

/** The same recording judged again. */
const replay = async (file: string): Promise<{ readonly code: number | null; readonly text: string }> => {
  const again = runCli("--replay", file);
  return { code: await again.exitCode, text: again.text() };
};

describe("observe", () => {
  let scene: Scene;
  let folder: string;
  let kubeconfig: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bellwether-observe-"));
    scene = await startScene();
    kubeconfig = scene.lab.plane.kubeconfig(ADMIN);
    const { url } = await scene.instance();
    scene.balancer.target([url]);
    await scene.startSource();
  });
  afterAll(async () => {
    await scene.stop();
    rmSync(folder, { recursive: true });
  });

  it("sees every change of a group of ours, finds nothing wrong with it, and neither does the replay", async () => {
    const { lab } = scene;
    const file = join(folder, "ours.ndjson");
    const observer = runCli("--kubeconfig", kubeconfig, "--namespace", OURS, "--record", file);
    await observer.says(`in namespace ${OURS}`);
    await createNamespace(lab, OURS);
    await createStatefulSet(lab, { name: "db", namespace: OURS, replicas: 3 });
    await createLock(lab, { name: "db", namespace: OURS, statefulSetName: "db" });
    const led = async (by: string, deadlineMs: number): Promise<void> => {
      await waitForGroup(lab, lockIn(OURS), {
        until: (state) => disagreement(state) === undefined && writersOf(state)[0]?.name === by,
        deadlineMs,
      });
      await observer.says(`${OURS}/db  ${by} leads, labelled by bellwether`);
    };
    await led("db-0", SCALE_BOUND_MS);
    await podsReady(lab, OURS, 3);
    await lab.kubelet.setReady(OURS, "db-0", false);
    await led("db-1", TICK_BOUND_MS);
    await lab.kubelet.setReady(OURS, "db-1", false);
    await led("db-2", TICK_BOUND_MS);

    expect(await observer.interrupt(), observer.text()).toBe(0);
    expect(observer.text()).toContain("every group is served by Bellwether: S1, S3, S4, S6, S9 and S19 were judged");
    expect(observer.text()).toMatch(new RegExp(`group ${OURS}/db: 2 changes of leader, \\d+ ms without a leader in 2`));
    expect(await replay(file)).toEqual({ code: 0, text: observer.text() });

    const whole = judge(
      scene.observer.revisions.filter(({ object }) => object.metadata.namespace === OURS),
      ELECTION,
    );
    expect(whole, renderVerdict(whole)).toMatchObject({ promotions: 3, violations: [], leaderships: [{ changes: 2 }] });
    expect(observer.text()).toContain("1 group, 3 promotions: 0 violations, 0 doublings by others");
  });

  it("catches a script that labels the next leader before it relabels the last, by name, also in the replay", async () => {
    const { lab } = scene;
    await createNamespace(lab, THEIRS);
    await createStatefulSet(lab, { name: "shop", namespace: THEIRS, replicas: 2 });
    await podsReady(lab, THEIRS, 2);
    const file = join(folder, "theirs.ndjson");
    const args = ["--namespace", THEIRS, "--label", "role=primary", "--record", file];
    const observer = runCli("--kubeconfig", kubeconfig, ...args);
    await observer.says("leaders carry role=primary");
    const role = (name: string, value: string, manager: string): Promise<unknown> =>
      patch(lab, podPath(THEIRS, name), { metadata: { labels: { role: value } } }, manager);
    await role("shop-0", "primary", "tidy-script");
    await observer.says("foreign/shop  shop-0 leads, labelled by tidy-script");
    await role("shop-1", "primary", "naive-script");
    await role("shop-0", "replica", "naive-script");
    await observer.says("foreign/shop  one leader at most again");

    expect(await observer.interrupt(), observer.text()).toBe(1);
    expect(observer.text()).toMatch(/S1 violated {2}Pod foreign\/shop-1, written by naive-script: one of 2 leaders/);
    expect(observer.text()).toContain("Pod foreign/shop-0 led already (by tidy-script)");
    expect(observer.text()).toContain("no group is served by Bellwether");
    expect(await replay(file)).toEqual({ code: 1, text: observer.text() });
    expect(readFileSync(file, "utf8")).not.toContain("example.invalid");
  });

  it("needs no more than to read pods, and says what it could not read", async () => {
    const sources = scene.lab.plane.kubeconfig("bellwether-sources");
    const observer = runCli("--kubeconfig", sources, "--all-namespaces", "--for", "3s");
    expect(await observer.exitCode, observer.text()).toBe(0);
    expect(observer.text()).toMatch(/leases cannot be read: .*403.*forbidden/);
    expect(observer.text()).toContain("leases could not be read: only S1");
  });

  it("leaves no recording behind when it is refused: the next attempt with the same file is taken", async () => {
    const stranger = join(folder, "stranger.yaml");
    const token = scene.lab.plane.token(ADMIN);
    writeFileSync(stranger, readFileSync(kubeconfig, "utf8").replaceAll(token, "nobody"));
    const file = join(folder, "again.ndjson");
    const refused = runCli("--kubeconfig", stranger, "--record", file);
    expect(await refused.exitCode, refused.text()).toBe(2);
    expect(refused.text()).toContain("401");
    const taken = runCli("--kubeconfig", kubeconfig, "--record", file, "--for", "1s");
    expect(await taken.exitCode, taken.text()).toBe(0);
    expect((await replay(file)).code).toBe(0);
  });

  it("refuses bad input with 2: a label without a value, a recording that is not there, a file that is", async () => {
    expect(await runCli("--label", "role").exitCode).toBe(2);
    expect((await replay(join(folder, "nowhere"))).code).toBe(2);
    const taken = runCli("--kubeconfig", kubeconfig, "--record", kubeconfig);
    expect(await taken.exitCode, taken.text()).toBe(2);
  });
});
