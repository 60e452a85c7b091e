/** Whether settings of the autoscaler are where Serving reads them: on the template, never on the Service itself. */
import type { Check } from "../check.ts";
import { warning } from "../finding.ts";
import { nameOf } from "../snapshot.ts";

const AUTOSCALING = "autoscaling.knative.dev/";

export const annotations: Check = {
  name: "annotations",
  reads: ["knativeServices"],
  fine: "settings of the autoscaler are on the template",
  run: (_, installation) => {
    if (installation?.form.startsWith("knative/") !== true) return undefined;
    const { object } = installation.fn;
    const { namespace = "", name, annotations: all = {} } = object.metadata;
    return Object.keys(all)
      .filter((key) => key.startsWith(AUTOSCALING))
      .map((key) =>
        warning({
          object: nameOf(object),
          field: `metadata.annotations["${key}"]`,
          got: `${JSON.stringify(all[key])}: nobody reads it there`,
          accepted: "the same under spec.template.metadata.annotations",
          remedy: `kubectl -n ${namespace} annotate ksvc ${name} ${key}-, and put it on the template`,
        }),
      );
  },
};
