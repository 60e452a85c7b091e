import { defineConfig } from "vitest/config";

/** How long a thing is awaited says nothing about it: a busy machine is slow. */
const patient = { testTimeout: 30_000, expect: { poll: { timeout: 20_000 } } };

const onLab = { ...patient, testTimeout: 120_000, hookTimeout: 1_800_000, fileParallelism: false };

/** Of `integration`, what mostly waits, on labs of its own: files and tests that stand beside each other. */
const WAITING = [
  "tests/integration/bench/short.test.ts",
  "tests/integration/election/idle.test.ts",
  "tests/integration/faults/fail-static.test.ts",
];

/**
 * `quick` is what `npm run check` runs; `integration` and `waiting` need the lab's real control plane, `platform` Knative and KEDA on
 * it, `node` the machine for a node, `cluster` a node.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "quick",
          include: ["tests/{unit,property,explore,sim,contract,budget}/**/*.test.ts"],
          ...patient,
        },
      },
      {
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          exclude: ["tests/integration/{platform,node,cluster}/**", ...WAITING],
          ...onLab,
        },
      },
      {
        test: {
          name: "waiting",
          include: WAITING,
          ...onLab,
          fileParallelism: true,
          maxWorkers: WAITING.length,
          maxConcurrency: 3,
          // Otherwise it would share its workers with `quick`.
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: "platform", include: ["tests/integration/platform/**/*.test.ts"], ...onLab } },
      { test: { name: "node", include: ["tests/integration/node/**/*.test.ts"], ...onLab } },
      {
        test: {
          name: "cluster",
          include: ["tests/integration/cluster/**/*.test.ts"],
          globalSetup: "tests/integration/cluster/support/setup.ts",
          ...onLab,
          testTimeout: 300_000,
        },
      },
    ],
  },
});
