/**
 * Fail-over of active/standby Services on a real control plane, in both modes: from the acknowledged `Ready=False` of the active pod to the
 * designation label, or to our EndpointSlice, that leads to another pod, beside bare clients. No tick comes while it is measured.
 */
import { ROLES } from "../../functions/standby/labels.ts";
import type { LabProcess } from "../../infra/lab/processes.ts";
import { allBut, addSetsApart } from "../lab/apart.ts";
import { startScript, startServed, whileAlive } from "../lab/contender.ts";
import { addSets } from "../lab/groups.ts";
import { groupNames, stepsTo, type GroupName } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { followRoute } from "../lab/route.ts";
import { inTurn, settle, warmUp, type Attempts } from "../lab/rounds.ts";
import { addServiceApart, addServices, SERVICE_MODES, type ServiceMode } from "../lab/services.ts";
import { startStopwatch } from "../lab/stopwatch.ts";
import { withTicks } from "../lab/tick.ts";
import { counted, type Bench, type BenchReport } from "../report.ts";
import { failOverByLabel, failOverByRoute, type LabelFailOver, type Reached, type Scene } from "./fail-over.ts";
import { reportLabel, reportRoute } from "./report.ts";

interface Contenders {
  readonly labelOurs: LabelFailOver;
  readonly labelFloor: LabelFailOver;
  readonly routeOurs: Reached;
  readonly routeFloor: Reached;
}

type Groups = Readonly<Record<ServiceMode, GroupName>>;

const FLOORS: Groups = {
  label: { namespace: "floor-label", name: "floor-label" },
  route: { namespace: "floor-route", name: "floor-route" },
};

/** No pod carries it: the controllers keep no endpoint of their own for the Service. */
const NOBODY = { "bench/nobody": "true" };

const SCRIPTS: Readonly<Record<ServiceMode, string>> = { label: "failover/floor.ts", route: "standby/floor.ts" };

/** In label mode and in route mode in turn. */
const modeOf = (index: number): ServiceMode => (index % 2 === 0 ? "label" : "route");

const measured = (): Groups => {
  const [label = FLOORS.label, route = FLOORS.route] = groupNames(0, SERVICE_MODES.length);
  return { label, route };
};

const startFloors = async (lab: OpenLab): Promise<readonly LabProcess[]> => {
  await addSetsApart(lab, Object.values(FLOORS));
  await addServiceApart(lab, FLOORS.label, { [ROLES.roleLabel]: ROLES.leader });
  await addServiceApart(lab, FLOORS.route, NOBODY);
  return SERVICE_MODES.map((mode) => {
    const { namespace, name } = FLOORS[mode];
    const env = { BENCH_NAMESPACE: namespace, BENCH_GROUP: name, BENCH_FEATURE: ROLES.feature };
    return startScript(lab, SCRIPTS[mode], env);
  });
};

const add = async (lab: OpenLab, groups: readonly GroupName[], say: (line: string) => void): Promise<void> => {
  say(`adding ${groups.length} Services`);
  await addSets(lab, groups);
  const ofMode = (mode: ServiceMode): readonly GroupName[] => groups.filter((_, index) => modeOf(index) === mode);
  await Promise.all(SERVICE_MODES.map((mode) => addServices(lab, ofMode(mode), mode)));
};

const attemptsIn = async (lab: OpenLab): Promise<Attempts<Contenders>> => {
  const { kubelet, kubeConfig, signal } = lab;
  const ours = measured();
  const sceneOf = async (group: GroupName): Promise<Scene> => ({
    kubelet,
    group,
    route: await followRoute(lab, group),
  });
  const byLabel = async (group: GroupName): Promise<() => Promise<LabelFailOver>> => {
    const watch = await startStopwatch(kubeConfig, { namespace: group.namespace, names: ROLES }, signal);
    const scene = { ...(await sceneOf(group)), watch };
    return () => failOverByLabel(scene);
  };
  const byRoute = async (group: GroupName): Promise<() => Promise<Reached>> => {
    const scene = await sceneOf(group);
    return () => failOverByRoute(scene);
  };
  return {
    labelOurs: await byLabel(ours.label),
    labelFloor: await byLabel(FLOORS.label),
    routeOurs: await byRoute(ours.route),
    routeFloor: await byRoute(FLOORS.route),
  };
};

/** A run is one fail-over of each contender in each mode, with each number of Services of each mode. */
export const runStandbyFailover: Bench = ({ runs, groups, say }) =>
  withLab(async (lab) => {
    const { url, process } = await startServed(lab, { selector: allBut(Object.values(FLOORS)) });
    const floors = await startFloors(lab);
    const alive = <T>(work: Promise<T>): Promise<T> =>
      [process, ...floors].reduce((guarded, one) => whileAlive(one, guarded), work);
    const reports: BenchReport[] = [];
    let attempts: Attempts<Contenders> | undefined;
    /* oxlint-disable no-await-in-loop -- the server fills up step by step */
    for (const { count, added } of stepsTo(groups.map((each) => SERVICE_MODES.length * each))) {
      await alive(withTicks(url, add(lab, added, say)));
      await settle();
      if (attempts === undefined) {
        attempts = await attemptsIn(lab);
        await alive(warmUp(attempts));
      }
      const { labelOurs, labelFloor, routeOurs, routeFloor } = await alive(inTurn(attempts, { runs, say }));
      const services = `${counted(count / SERVICE_MODES.length, "Service")} of each mode on the server`;
      reports.push(
        reportLabel({ ours: labelOurs, floor: labelFloor }, services),
        reportRoute({ ours: routeOurs, floor: routeFloor }, services),
      );
    }
    /* oxlint-enable no-await-in-loop */
    return reports;
  });
