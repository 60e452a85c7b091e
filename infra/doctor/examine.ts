/** All checks over one snapshot. What could not be read is a finding of its own, and no check that goes by it says anything. */
import type { Check } from "./check.ts";
import { annotations } from "./checks/annotations.ts";
import { conditions } from "./checks/conditions.ts";
import { definitions } from "./checks/definitions.ts";
import { followers } from "./checks/followers.ts";
import { form } from "./checks/form.ts";
import { kubernetes } from "./checks/kubernetes.ts";
import { leases } from "./checks/leases.ts";
import { networkPolicies } from "./checks/network-policies.ts";
import { permissions } from "./checks/permissions.ts";
import { probes } from "./checks/probes.ts";
import { records } from "./checks/records.ts";
import { scaling } from "./checks/scaling.ts";
import { settings } from "./checks/settings.ts";
import { sources } from "./checks/sources.ts";
import { standby } from "./checks/standby.ts";
import { streams } from "./checks/streams.ts";
import { ticks } from "./checks/ticks.ts";
import { workloads } from "./checks/workloads.ts";
import { hiddenSettings, isHidden, VARIABLES } from "./environment.ts";
import { unknown, type Finding, type Reported } from "./finding.ts";
import { installationOf, type Installation } from "./installation.ts";
import type { Snapshot } from "./snapshot.ts";

/** From the ground up: what is wrong early explains what is wrong later. */
export const CHECKS: readonly Check[] = [
  form,
  kubernetes,
  definitions,
  permissions,
  settings,
  workloads,
  scaling,
  annotations,
  networkPolicies,
  sources,
  streams,
  ticks,
  leases,
  records,
  conditions,
  standby,
  followers,
  probes,
];

const reported = (check: string, finding: Finding): Reported => ({ check, ...finding });

const unread = ({ refused }: Snapshot): readonly Reported[] =>
  refused.map(({ collection, namespace, reason }) =>
    reported(
      "access",
      unknown({
        object: namespace === undefined ? "the cluster" : `Namespace ${namespace}`,
        field: collection,
        got: reason,
        accepted: "a caller who may read it",
        remedy: "Run the doctor as somebody who may, such as an administrator (docs/doctor.md, What it reads).",
      }),
    ),
  );

/** Where something may not be read, that nothing was found there means nothing, for better or worse: `unread` says so. */
const isUnread = ({ refused }: Snapshot, { reads }: Check): boolean =>
  refused.some(({ collection }) => reads.includes(collection));

/** The check of settings says so. */
const isUntold = (installation: Installation, { reads }: Check): boolean => {
  const hidden = hiddenSettings(installation);
  return VARIABLES.some((name) => reads.includes(name) && isHidden(hidden, name));
};

const run = (check: Check, snapshot: Snapshot, installation: Installation | undefined): readonly Reported[] => {
  const { name, fine } = check;
  if (isUnread(snapshot, check) || (installation !== undefined && isUntold(installation, check))) return [];
  const found = check.run(snapshot, installation);
  if (found === undefined) return [];
  const object = `Namespace ${snapshot.namespace}`;
  if (found.length > 0) return found.map((finding) => reported(name, finding));
  return [{ check: name, severity: "ok", object, field: "", got: fine, accepted: "", remedy: "" }];
};

/** In the order of the checks. */
export const examine = (snapshot: Snapshot): readonly Reported[] => {
  // What has to be known to say which form is there.
  const installation = isUnread(snapshot, form) ? undefined : installationOf(snapshot);
  return [...unread(snapshot), ...CHECKS.flatMap((check) => run(check, snapshot, installation))];
};
