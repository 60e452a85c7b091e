/**
 * One form of installation on a real API server, which works, with something that is led in each way; to be broken in one way at a time, and
 * mended. Its objects are those of the in-memory cluster that the quick tier asks the same about.
 */
import { KubeConfig } from "@kubernetes/client-node";
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { connect, type Access } from "../../../../infra/doctor/access.ts";
import { examine } from "../../../../infra/doctor/examine.ts";
import type { Reported } from "../../../../infra/doctor/finding.ts";
import { readSnapshot } from "../../../../infra/doctor/read.ts";
import { ADMIN } from "../../../../infra/lab/identities.ts";
import { changesAt, clusterWith, nameOf, type Change } from "../../../unit/doctor/cluster.ts";
import { namespaceOf } from "../../../unit/doctor/table.ts";
import type { OverlayName } from "../golden/overlays.ts";
import { breakDefinition } from "./doctor-definitions.ts";
import type { DoctorServer } from "./doctor-server.ts";
import { createStore } from "./doctor-store.ts";

export interface Scene {
  /** @throws with the server's words when it refuses that. */
  readonly break: (change: Change) => Promise<void>;
  readonly mend: () => Promise<void>;
  /** As an administrator. What an account may do is asked of the server once, until `forget`. */
  readonly examine: () => Promise<readonly Reported[]>;
  readonly forget: () => void;
  /** As whoever the kubeconfig names. */
  readonly examineAs: (kubeconfig: string) => Promise<readonly Reported[]>;
  /** Takes everything away. */
  readonly clear: () => Promise<void>;
}

const accessOf = (kubeconfig: string): Access => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  return connect(kubeConfig);
};

type Answers = Map<string, ReturnType<Access["may"]>>;

/** Each case would ask the same hundred questions. */
const remembering = ({ may, ...access }: Access, answers: Answers): Access => ({
  ...access,
  may: (...question) => {
    const key = JSON.stringify(question);
    const answer = answers.get(key) ?? may(...question);
    answers.set(key, answer);
    return answer;
  },
});

type Step = () => Promise<void>;

/** The last first; none is left. */
const runBack = async (steps: Step[]): Promise<void> => {
  for (const step of steps.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- each relies on those after it
    await step();
  }
};

const isDefinition = ({ kind }: KubeObject): boolean => kind === "CustomResourceDefinition";

/** Resolves once everything is there. */
export const setScene = async (server: DoctorServer, overlay: OverlayName): Promise<Scene> => {
  const store = createStore(server);
  const cluster = clusterWith(overlay, Date.now());
  // The server has definitions and namespaces, whatever the form.
  const objects = cluster.objects.filter((object) => !isDefinition(object) && object.kind !== "Namespace");
  const answers: Answers = new Map();
  const admin = remembering(accessOf(server.plane.kubeconfig(ADMIN)), answers);
  const mending: Step[] = [];

  const changeDefinition = async (name: string, patch: object | null): Promise<void> => {
    const { undo, isLost } = await breakDefinition(server, { name, patch });
    const lost = objects.filter(isLost).map((object) => () => store.create(object));
    mending.push(...lost.toReversed(), undo);
  };

  const changeObject = async (object: KubeObject, patch: object | null): Promise<void> => {
    if (patch !== null) mending.push(() => store.restore(object));
    await (patch === null ? store.remove(object) : store.alter(object, patch));
    if (patch === null) mending.push(() => store.create(object));
  };

  const add = async (object: KubeObject): Promise<void> => {
    await store.create(object);
    mending.push(() => store.remove(object));
  };

  const change = async (name: string, patch: object | null): Promise<void> => {
    const targets = cluster.objects.filter((object) => nameOf(object) === name);
    if (targets.length === 0) await add(patch as KubeObject);
    for (const target of targets) {
      // oxlint-disable-next-line no-await-in-loop -- hardly ever more than one
      await (isDefinition(target) ? changeDefinition(target.metadata.name, patch) : changeObject(target, patch));
    }
  };

  /** Roles or bindings. */
  let isAboutPermissions = false;
  const forget = (): void => answers.clear();

  for (const object of objects) {
    // oxlint-disable-next-line no-await-in-loop -- some refer to others
    await store.create(object);
  }
  return {
    break: async (wanted) => {
      const changes = Object.entries(changesAt(Date.now(), wanted));
      isAboutPermissions = changes.some(([name]) => /^(?:Cluster)?Role/.test(name));
      if (isAboutPermissions) forget();
      for (const [name, patch] of changes) {
        // oxlint-disable-next-line no-await-in-loop -- in order
        await change(name, patch as object | null);
      }
    },
    mend: async () => {
      await runBack(mending);
      if (isAboutPermissions) forget();
    },
    examine: async () => examine(await readSnapshot(admin, namespaceOf(overlay))),
    forget,
    examineAs: async (kubeconfig) => examine(await readSnapshot(accessOf(kubeconfig), namespaceOf(overlay))),
    clear: () => runBack(objects.map((object) => () => store.remove(object))),
  };
};
