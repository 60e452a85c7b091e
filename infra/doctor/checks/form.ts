/** Whether one of the forms of installation is there, with what it needs of the cluster; also tells which, and of which versions. */
import type { Check } from "../check.ts";
import { error, type Finding } from "../finding.ts";
import type { Form, Installation } from "../installation.ts";
import { PLATFORM } from "../resources.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";

const EVENTING = "sources.knative.dev/v1";
const SERVING = "serving.knative.dev/v1";
const KEDA = "keda.sh/v1alpha1";

const NEEDED: Readonly<Record<Form, readonly string[]>> = {
  "knative/warm": [SERVING, EVENTING],
  "knative/cold": [SERVING, EVENTING],
  "knative/broker": [SERVING, EVENTING, "eventing.knative.dev/v1"],
  "keda/http": [EVENTING, KEDA, "http.keda.sh/v1beta1"],
  "keda/push": [KEDA],
  standalone: [],
};

const VERSION_LABEL = "app.kubernetes.io/version";

/** `Serving 1.23.0, Eventing 1.23.0`: releases label their definitions so. */
const versionsOf = ({ definitions }: Snapshot): string =>
  Object.entries(PLATFORM)
    .flatMap(([part, name]) => {
      const definition = definitions.find(({ metadata }) => metadata.name === name);
      return definition === undefined
        ? []
        : `${part} ${definition.metadata.labels?.[VERSION_LABEL] ?? "of an unknown version"}`;
    })
    .join(", ");

const told = (snapshot: Snapshot, { form, fn, byFunc }: Installation): Finding => {
  const platform = versionsOf(snapshot);
  const what = [`form ${form}`, byFunc ? "deployed by func" : "", `Kubernetes ${snapshot.version}`, platform];
  return {
    severity: "ok",
    object: nameOf(fn.object),
    field: "",
    got: what.filter((text) => text !== "").join(", "),
    accepted: "",
    remedy: "",
  };
};

export const form: Check = {
  name: "form",
  reads: ["knativeServices", "deployments", "apiServerSources", "interceptorRoutes"],
  fine: "",
  run: (snapshot, installation) => {
    const { namespace, groupVersions } = snapshot;
    if (installation === undefined) {
      return [
        error({
          object: `Namespace ${namespace}`,
          field: "Service.serving.knative.dev or Deployment bellwether",
          got: "neither",
          accepted: "one of the two",
          remedy:
            "kubectl apply -k infra/standalone, or another form (docs/install.md); --namespace says where to look",
        }),
      ];
    }
    const missing = NEEDED[installation.form].filter((needed) => !groupVersions.includes(needed));
    if (missing.length === 0) return [told(snapshot, installation)];
    return missing.map((groupVersion) =>
      error({
        object: nameOf(installation.fn.object),
        field: `form ${installation.form}`,
        got: `the cluster does not serve ${groupVersion}`,
        accepted: NEEDED[installation.form].join(", "),
        remedy: "Install what is missing, or choose a form that does not need it (docs/install.md).",
      }),
    );
  },
};
