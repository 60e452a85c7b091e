/** Every overlay renders, with the real kubectl, to exactly what its golden file shows: whoever changes a manifest sees what users get. */
import { describe, expect, test } from "vitest";
import { renderKustomization } from "../../../infra/lab/platform/kubectl.ts";
import { folderOf, goldenOf, OVERLAY_NAMES, OVERLAYS } from "./golden/overlays.ts";

describe.each(OVERLAY_NAMES)("%s", (name) => {
  test("renders to its golden file", async () => {
    const rendered = await renderKustomization(folderOf(name));
    expect(rendered, `${OVERLAYS[name]} renders otherwise; if that is meant: npm run golden`).toBe(goldenOf(name));
  });
});

test("a folder that cannot be rendered is an error that names it", async () => {
  await expect(renderKustomization("infra/nothing")).rejects.toThrow(/infra\/nothing/);
});
