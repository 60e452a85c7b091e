/** One real group at rest, elected by the function itself: what all groups of the bench are copies of. */
import { setTimeout as sleep } from "node:timers/promises";
import { LOCKS } from "../../functions/election/labels.ts";
import { getRequest, LEASES, objectOf, PODS, STATEFUL_SETS } from "../../functions/kit/kube/request.ts";
import type { Resource } from "../../functions/kit/kube/request.ts";
import { succeed } from "../../infra/lab/api.ts";
import { startFunction } from "../../infra/lab/function.ts";
import { waitForWriter } from "../../infra/lab/group.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { lockManifest } from "../../infra/lab/workload.ts";
import { addSets, PODS_PER_GROUP } from "../lab/groups.ts";
import type { GroupName } from "../lab/names.ts";
import type { Original } from "./etcd.ts";

/** Words that occur in no object in another meaning. */
export const ORIGINAL: GroupName = { namespace: "quarry", name: "granite" };

const ELECTION_DEADLINE_MS = 60_000;
/** The longest that a lock may ask for: no renewal falls due while passes are measured. */
const LEASE_SECONDS = 3600;
/** Time for the last writes of controllers and function. */
const SETTLE_MS = 1000;

/** Resolves when nothing will change it any more: function, kubelet and controllers have ended. */
export const makeOriginal = async (lab: Lab): Promise<readonly Original[]> => {
  const { namespace, name } = ORIGINAL;
  const { api, plane, transport } = lab;
  await addSets(lab, [ORIGINAL]);
  const body = lockManifest({ name, statefulSetName: name, leaseDurationSeconds: LEASE_SECONDS });
  await succeed(api, "POST", `/apis/app.anukkrit.me/v1/namespaces/${namespace}/statefulsetlocks`, { body });
  // Its first sweep finds the lock.
  const { process } = await startFunction({ plane });
  await waitForWriter(lab, { namespace, name, leaseName: name }, { deadlineMs: ELECTION_DEADLINE_MS });
  await sleep(SETTLE_MS);
  process.kill("SIGKILL");
  await process.exited;
  plane.kill("kube-controller-manager", "SIGKILL");
  lab.kubelet.stop();
  const read = async (resource: Resource, of: string): Promise<Original> => {
    const response = await transport.send(getRequest(resource, namespace, of));
    if (response.status !== 200) throw new Error(`${resource.plural} ${of}: the read answered ${response.status}`);
    return { resource, object: objectOf(response) };
  };
  return Promise.all([
    read(STATEFUL_SETS, name),
    read(LEASES, name),
    read(LOCKS, name),
    ...Array.from({ length: PODS_PER_GROUP }, (_, index) => read(PODS, `${name}-${index}`)),
  ]);
};
