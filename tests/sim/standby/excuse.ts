/**
 * What people do that leads a Service to two pods without a write of ours: they give an active pod the labels of another Service's pods, or
 * lead a Service to the pods of another group. It lasts until the function has followed.
 */
import { PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { selectorJson, viewService } from "../../../functions/standby/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Revision } from "../../../infra/lab/memory/object.ts";
import type { Excuse } from "../way.ts";
import { FUNCTION_USER, type World } from "../world.ts";
import { controllersNeedMs } from "./endpoint-slices.ts";

/** What the function may need to follow while it is disturbed. */
const followMs = 30_000;

const isActive = ({ metadata }: KubeObject): boolean => metadata.labels?.[ROLES.roleLabel] === ROLES.leader;

const isMoved = (object: KubeObject, previous: KubeObject | undefined): boolean =>
  previous !== undefined &&
  isActive(previous) &&
  JSON.stringify(previous.metadata.labels) !== JSON.stringify(object.metadata.labels);

const hasKey = (service: KubeObject | undefined): boolean =>
  service !== undefined && ROLES.roleLabel in viewService(service).selector;

const originalOf = (service: KubeObject): string => selectorJson(viewService(service).original);

export const watchExcuses = (world: World): Excuse => {
  const { api, clock } = world;
  /** Several for one version after a restore. */
  const timesOf = new Map<number, number[]>();
  /** When each was moved last: a pod's uid, or a Service's name. */
  const movedAt = new Map<string, number[]>();
  const note = (key: string): void => void movedAt.set(key, [...(movedAt.get(key) ?? []), clock.lived()]);
  /** When the key of label mode came or went: slices that are not filled yet look like ones that have followed the selector. */
  const followedAt = new Map<string, number[]>();
  const noteKey = ({ resource, object, previous }: Revision): void => {
    if (resource.plural !== SERVICES.plural || hasKey(object) === hasKey(previous)) return;
    const name = `/${object.metadata.name} `;
    followedAt.set(name, [...(followedAt.get(name) ?? []), clock.lived()]);
  };
  api.onRevision((revision) => {
    const { resource, object, previous, writer, resourceVersion } = revision;
    timesOf.set(resourceVersion, [...(timesOf.get(resourceVersion) ?? []), clock.lived()]);
    if (writer.user === FUNCTION_USER) {
      noteKey(revision);
      return;
    }
    if (resource.plural === PODS.plural && isMoved(object, previous)) note(object.metadata.uid);
    const isEdited = resource.plural === SERVICES.plural && previous !== undefined;
    if (isEdited && originalOf(object) !== originalOf(previous)) note(`/${object.metadata.name} `);
  });
  return {
    excuses: ({ invariant, message, at }) => {
      const times = timesOf.get(at) ?? [];
      const isJustAfter = (was: number, withinMs: number): boolean =>
        times.some((time) => was <= time && time - was < withinMs);
      const isNamed = (all: ReadonlyMap<string, readonly number[]>, withinMs: number): boolean =>
        [...all].some(([key, moved]) => message.includes(key) && moved.some((was) => isJustAfter(was, withinMs)));
      return invariant === "S2" && (isNamed(movedAt, followMs) || isNamed(followedAt, controllersNeedMs(world)));
    },
  };
};
