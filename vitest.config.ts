import { defineConfig } from "vitest/config";

/** How long a thing is awaited says nothing about it: a busy machine is slow. */
const patient = { testTimeout: 30_000, expect: { poll: { timeout: 20_000 } } };

const onLab = { ...patient, testTimeout: 120_000, hookTimeout: 1_800_000, fileParallelism: false };

/**
 * Of `integration`, what stands beside other files on labs of its own: it mostly waits, or holds nothing to a bound that is near what it
 * takes. Whatever measures a hand-over, or holds one to its bound, has the machine for itself.
 */
const WAITING = [
  "tests/integration/bench/short.test.ts",
  "tests/integration/election/idle.test.ts",
  "tests/integration/faults/fail-static.test.ts",
  "tests/integration/source/cli.test.ts",
  "tests/integration/{conformance,demo,lab}/*.test.ts",
];

/** The same of `platform`. */
const PLATFORM_BESIDE = [
  "tests/integration/platform/{admission,doctor-cases,func-keda,golden,install,unsupported}.test.ts",
];

/**
 * `quick` is what `npm run check` runs; `integration` and `waiting` need the lab's real control plane, `platform` and `platform-beside`
 * Knative and KEDA on it, `node` the machine for a node, `cluster` a node.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "quick",
          include: ["tests/{unit,property,explore,sim,contract,budget}/**/*.test.ts"],
          ...patient,
          // By default Vitest leaves one processor idle: of two, half.
          maxWorkers: "100%",
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
          maxWorkers: 3,
          maxConcurrency: 3,
          // Otherwise it would share its workers with `quick`.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "platform",
          include: ["tests/integration/platform/**/*.test.ts"],
          exclude: PLATFORM_BESIDE,
          ...onLab,
        },
      },
      {
        test: {
          name: "platform-beside",
          include: PLATFORM_BESIDE,
          ...onLab,
          fileParallelism: true,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
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
