/**
 * The tests that are asked about each mutant: those of the rules themselves, quick and always with the same random cases. What the
 * whole function does in a cluster of its own (defects, faults, sweeps) is left out: a rule is to be pinned where it stands.
 */
import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = {
  test: {
    include: [
      "tests/unit/handover/*.test.ts",
      "tests/unit/group/choose.test.ts",
      "tests/unit/election/{admit,elect,holder,model,need,report,rivals,scenarios}.test.ts",
      "tests/unit/kit/{pauses,reconcile,slots}.test.ts",
      "tests/unit/roles/{admit,judge,judge-words,need,reach,resting,resting-news}.test.ts",
      "tests/unit/standby/{decide,decide-lead,let-go,route-contested,route-plan,route-plan-back,route-plan-odd,route-plan-writes}.test.ts",
      "tests/property/{elect,handover}.test.ts",
      "tests/property/roles/judge.test.ts",
    ],
    setupFiles: ["tests/mutate/seed.ts"],
  },
};

// Vitest reads the default export.
// oxlint-disable-next-line import/no-default-export
export default config;
