/** Whether Kubernetes is of a release that we claim to work with. */
import { pinnedVersion } from "../../lab/versions.ts";
import type { Check } from "../check.ts";
import { warning } from "../finding.ts";

const minorOf = (version: string): number => Number(/^v?1\.(?<minor>\d+)/.exec(version)?.groups?.["minor"]);

/** The one that the integration tier has been run on. */
const OLDEST_MINOR = minorOf(pinnedVersion("kubernetes-oldest"));
/** The one that everything is tested on. */
const NEWEST_MINOR = minorOf(pinnedVersion("kubernetes"));

export const kubernetes: Check = {
  name: "kubernetes",
  reads: [],
  fine: `Kubernetes is of a release from 1.${OLDEST_MINOR} to 1.${NEWEST_MINOR}`,
  run: ({ version }) => {
    const minor = minorOf(version);
    if (minor >= OLDEST_MINOR && minor <= NEWEST_MINOR) return [];
    return [
      warning({
        object: "Kubernetes",
        field: "version",
        got: version,
        accepted: `1.${OLDEST_MINOR} to 1.${NEWEST_MINOR}`,
        remedy:
          minor > NEWEST_MINOR
            ? "It may well work, but nobody has tried: look for a newer release of Bellwether."
            : "Upgrade the cluster.",
      }),
    ];
  },
};
