import { defineConfig } from "vitest/config";

/** `quick` is what `npm run check` runs; `integration` needs the lab's real control plane, `platform` Knative and KEDA on it. */
const onLab = { testTimeout: 120_000, hookTimeout: 1_800_000, fileParallelism: false };

export default defineConfig({
  test: {
    projects: [
      { test: { name: "quick", include: ["tests/{unit,property,explore,sim,contract,budget}/**/*.test.ts"] } },
      {
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          exclude: ["tests/integration/platform/**"],
          ...onLab,
        },
      },
      { test: { name: "platform", include: ["tests/integration/platform/**/*.test.ts"], ...onLab } },
    ],
  },
});
