import { expect, it } from "vitest";
import { parseCeOverrides } from "../../../events/overrides.ts";

it.each([
  [undefined, {}],
  ["", {}],
  ["{}", {}],
  ['{"extensions":{"cluster":"blue","zone":"a"}}', { cluster: "blue", zone: "a" }],
])("K_CE_OVERRIDES %s adds %j", (text, extensions) => {
  expect(parseCeOverrides(text)).toEqual(extensions);
});

it.each([
  ["nonsense", 'K_CE_OVERRIDES: got "nonsense", accepts JSON such as {"extensions":{"name":"value"}}'],
  ["[]", "K_CE_OVERRIDES: got an array, accepts a JSON object"],
  ['{"extensions":1}', "K_CE_OVERRIDES.extensions: got 1, accepts a JSON object"],
  ['{"extensions":{"a":1}}', "K_CE_OVERRIDES.extensions.a: got 1, accepts a non-empty string"],
  [
    '{"extensions":{"A-b":"x"}}',
    'K_CE_OVERRIDES.extensions: got "A-b", accepts names of lower-case letters and digits',
  ],
  ['{"extensions":{"type":"x"}}', 'K_CE_OVERRIDES.extensions: got "type", accepts names of no CloudEvents attribute'],
])("K_CE_OVERRIDES %s is refused", (text, message) => {
  expect(() => parseCeOverrides(text)).toThrow(message);
});
