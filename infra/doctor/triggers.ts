/** Triggers of a Broker: whom they send events to, and whether they let any through. https://knative.dev/docs/eventing/triggers/ */
import { objectType, type Change, type ObjectForm } from "../../events/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { SinkSpec } from "./sinks.ts";

type Attributes = Readonly<Record<string, string>>;

interface TriggerSpec {
  readonly broker?: string;
  readonly subscriber?: SinkSpec;
  readonly filter?: { readonly attributes?: Attributes };
  /** Instead of `filter`, where there are any. */
  readonly filters?: readonly { readonly exact?: Attributes }[];
}

export const triggerSpecOf = ({ spec }: KubeObject): TriggerSpec => spec ?? {};

const FORMS: readonly ObjectForm[] = ["resource", "ref"];
const CHANGES: readonly Change[] = ["add", "update", "delete"];
const SENT = new Set(FORMS.flatMap((form) => CHANGES.map((change) => objectType(form, change))));

/** An empty value means any. */
const typeOf = ({ type = "" }: Attributes = {}): string | undefined => (type === "" ? undefined : type);

/** The type that events are to have; undefined: the Trigger does not ask for just one. */
const wantedType = ({ filter, filters = [] }: TriggerSpec): string | undefined =>
  filters.length === 0 ? typeOf(filter?.attributes) : filters.map(({ exact }) => typeOf(exact)).find(Boolean);

/** What passes, as far as that can be told: whether other attributes hold, and which of the events are meant, cannot. */
export const passing = (trigger: KubeObject): "everything" | "nothing" | "unknown" => {
  const spec = triggerSpecOf(trigger);
  const { filter, filters = [] } = spec;
  const wanted = wantedType(spec);
  if (wanted !== undefined && !SENT.has(wanted)) return "nothing";
  const isOpen = filters.length === 0 && Object.values(filter?.attributes ?? {}).every((value) => value === "");
  return isOpen ? "everything" : "unknown";
};
