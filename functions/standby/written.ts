/** When the function wrote an object last, told by the object: nobody has to remember it. */
import type { ObjectMeta } from "../kit/kube/object.ts";
import { FIELD_MANAGER } from "../kit/kube/request.ts";

/** Within so many milliseconds before `now`, give or take a second: managedFields tell whole seconds, and so does the server's clock. */
export const isWrittenWithin = ({ managedFields = [] }: ObjectMeta, milliseconds: number, now: number): boolean =>
  managedFields.some(({ manager, time }) => manager === FIELD_MANAGER && now - Date.parse(time ?? "") < milliseconds);
