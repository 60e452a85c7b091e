/** Watches promotions beside another leader, independently of the history checker. */
import { tokenAnnotation } from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { PODS } from "../../functions/kit/kube/request.ts";
import type { Revision } from "../../infra/lab/memory/object.ts";
import { all } from "./hands.ts";
import type { Way } from "./way.ts";
import { FUNCTION_USER, type World } from "./world.ts";

/** A pod with the leader label. */
interface Labelled {
  readonly team: string;
  /** Somebody else gave it the label that it has. */
  readonly isForeign: boolean;
}

export const isLabelled = ({ names: { roleLabel, leader } }: Way, { metadata }: KubeObject): boolean =>
  metadata.labels?.[roleLabel] === leader;

/** The pod is given another token, whatever its label was. */
const isToken = ({ object, previous }: Revision, token: string): boolean =>
  object.metadata.annotations?.[token] !== undefined &&
  object.metadata.annotations[token] !== previous?.metadata.annotations?.[token];

/**
 * Our promotion of a pod beside another of the same team that carries our own label is a problem. A label that others wrote,
 * or the template, may be there at any moment; whether we should have seen it is the history checker's to say. Returns the
 * names of the pods that others ever made leaders: only with one of them can a doubling be somebody else's.
 */
export const watchDoubles = (world: World, way: Way): ReadonlySet<string> => {
  const { api, problems, onRestore } = world;
  const token = tokenAnnotation(way.names.feature);
  const labelled = new Map<string, Labelled>();
  const [foreignUids, foreignNames] = [new Set<string>(), new Set<string>()];
  onRestore.push(() => {
    labelled.clear();
    for (const pod of all(world, PODS).filter((found) => isLabelled(way, found))) {
      labelled.set(pod.metadata.uid, { team: way.teamOf(pod), isForeign: foreignUids.has(pod.metadata.uid) });
    }
  });
  const label = ({ object, resourceVersion }: Revision, isForeign: boolean): void => {
    const { uid, name } = object.metadata;
    const [team, wasOurs] = [way.teamOf(object), labelled.get(uid)?.isForeign === false];
    const isBeside = [...labelled].some(([other, one]) => other !== uid && one.team === team && !one.isForeign);
    if (!isForeign && !wasOurs && isBeside) {
      problems.push(`S1: revision ${resourceVersion}: ${name} promoted beside another ${way.names.leader}`);
    }
    labelled.set(uid, { team, isForeign });
    if (!isForeign) return;
    foreignUids.add(uid);
    foreignNames.add(name);
  };
  api.onRevision((revision) => {
    const { type, object, resource, writer } = revision;
    if (resource.plural !== PODS.plural) return;
    const { uid } = object.metadata;
    const before = isToken(revision, token) ? undefined : labelled.get(uid)?.isForeign;
    if (type === "DELETED" || !isLabelled(way, object)) labelled.delete(uid);
    else label(revision, before ?? writer.user !== FUNCTION_USER);
  });
  return foreignNames;
};
