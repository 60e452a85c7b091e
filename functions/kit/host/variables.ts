/** The environment variables for documentation and manifests; apart from those that read them, so that the bundle does without. */
import { TABLE, type Variable } from "./config.ts";

/** What documentation shows of a variable. */
export type Described = Pick<Variable<unknown>, "name" | "fallback" | "accepts" | "meaning">;

/** What `locateApiServer` reads, for docs/configuration.md. */
const LOCATION: readonly Described[] = [
  {
    name: "BELLWETHER_API_SERVER",
    fallback: undefined,
    accepts: "an http or https URL",
    meaning: "The API server, outside a cluster; unset means the pod's service account.",
  },
  {
    name: "BELLWETHER_TOKEN_FILE",
    fallback: undefined,
    accepts: "a path",
    meaning: "File with the bearer token for `BELLWETHER_API_SERVER`; read again when it changes.",
  },
  {
    name: "BELLWETHER_CA_FILE",
    fallback: undefined,
    accepts: "a path",
    meaning: "File with the PEM certificates to trust for `BELLWETHER_API_SERVER`; unset means the system's.",
  },
];

/** All variables in the order of the documentation. */
export const VARIABLES: readonly Described[] = [...Object.values(TABLE), ...LOCATION];
